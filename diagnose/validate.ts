import { customMetadataKeys, managedByBootstrap } from "../domain/bootstrap-config.ts";
import { describeFailure, type ExternalSecretState, type Snapshot, type VaultSecretState } from "./snapshot.ts";
import { isUnreal } from "./explain/vault-secrets.ts";
import type { Expectation } from "./explain/view.ts";

/** One line of one check. */
export interface CheckedItem {
  readonly subject: string;
  /** `info`: something that another team owns; it never fails the check. */
  readonly state: "ok" | "failed" | "unknown" | "absent" | "info";
  /** What was found and what is wanted; no value. */
  readonly note: string;
}

/** One of the seed's five checks. */
export interface Check {
  readonly number: 1 | 2 | 3 | 4 | 5;
  readonly title: string;
  /** The seed's own command. */
  readonly seed: string;
  readonly items: readonly CheckedItem[];
}

export interface Validation {
  readonly environment: string;
  readonly takenAt: string;
  /** In the seed's order, which is the chain's: read the first that fails. */
  readonly checks: readonly Check[];
  /** False as soon as one item failed or could not be looked at: what was not seen is not proven. */
  readonly ok: boolean;
}

/**
 * The seed's five checks over one snapshot.
 *
 * @param options.prove - values in Vault must equal the source's, by keyed hash; the snapshot must have compared values.
 */
export function validate(snapshot: Snapshot, expected: Expectation, { prove = false } = {}): Validation {
  const checks = [
    keyVaultNames(snapshot, expected),
    federatedCredentials(snapshot, expected),
    vaultValues(snapshot, expected, prove),
    externalSecrets(snapshot, expected),
    kubernetesSecrets(snapshot, expected),
  ];
  const ok = checks.every(({ items }) => items.every(({ state }) => state !== "failed" && state !== "unknown"));
  return { environment: snapshot.environment, takenAt: snapshot.takenAt, checks, ok };
}

function keyVaultNames({ keyVault }: Snapshot, { plan, azure, bootstrap }: Expectation): Check {
  const named = plan.secrets.filter(({ keyVaultName }) => keyVaultName !== undefined);
  const wanted = bootstrap.config.source.type === "azure-key-vault" ? named : [];
  const states = new Map(keyVault.ok ? keyVault.value.map((one) => [one.name, one]) : []);
  return {
    number: 1,
    title: "names in Key Vault",
    seed: `az keyvault secret list --vault-name ${azure.keyVault} --query "[].name" -o tsv`,
    items: wanted.map(({ keyVaultName: subject = "", required }) => {
      if (!keyVault.ok) return unseen(subject, keyVault.failure.message);
      const state = states.get(subject);
      if (state?.enabled === true)
        return { subject, state: "ok", note: `updated ${state.updatedAt ?? "at an unknown time"}` };
      if (state !== undefined) return { subject, state: "failed", note: "disabled" };
      return required ? { subject, state: "failed", note: "absent, and required" } : absent(subject);
    }),
  };
}

function federatedCredentials({ identity }: Snapshot, { federated, azure }: Expectation): Check {
  const { federatedCredentials: known, clusterIssuer } = identity;
  const subject = federated.subject;
  const exact =
    known.ok &&
    known.value.some(
      (one) => one.subject === subject && one.issuer === federated.issuer && one.audiences.includes(federated.audience),
    );
  const issuer: CheckedItem = clusterIssuer.ok
    ? {
        subject: `issuer ${federated.issuer}`,
        state: clusterIssuer.value === federated.issuer ? "ok" : "failed",
        note:
          clusterIssuer.value === federated.issuer
            ? "is the cluster's own"
            : `the cluster's own is ${clusterIssuer.value}`,
      }
    : unseen(`issuer ${federated.issuer}`, clusterIssuer.failure.message);
  return {
    number: 2,
    title: "federated credentials",
    seed: `az identity federated-credential list --identity-name ${azure.identity} --resource-group ${azure.resourceGroup} --query "[].{name:name, subject:subject}" -o table`,
    items: [
      known.ok
        ? {
            subject,
            state: exact ? "ok" : "failed",
            note: exact ? federated.name : "none with exactly this subject, issuer and audience",
          }
        : unseen(subject, known.failure.message),
      issuer,
    ],
  };
}

function vaultValues({ vault, keyVault }: Snapshot, expected: Expectation, prove: boolean): Check {
  const { plan, namespace, vault: place, strictness, name } = expected;
  const source = new Map(keyVault.ok ? keyVault.value.map((one) => [one.name, one.fingerprint]) : []);
  const states = new Map(vault.secrets.ok ? vault.secrets.value.map((one) => [one.path, one]) : []);
  return {
    number: 3,
    title: "real values in Vault",
    seed: `kubectl exec -n ${namespace} ${place.serviceAccount.name}-0 -- sh -c "VAULT_TOKEN=\\$(cat /vault/secrets/root-token) vault kv get ${place.mount}/ghcr-token"`,
    items: plan.secrets.map(({ vaultPath, required, keyVaultName, name: secret }): CheckedItem => {
      const subject = `${place.mount}/${vaultPath}`;
      if (!vault.secrets.ok) return unseen(subject, vault.secrets.failure.message);
      const state = states.get(vaultPath);
      if (state?.state !== "live") {
        const delivered = plan.deliveries.some(({ keys }) => keys.some((key) => key.secret === secret));
        return required || delivered ? { subject, state: "failed", note: state?.state ?? "absent" } : absent(subject);
      }
      const print = state.fingerprint;
      if (print === undefined && (!prove || keyVaultName === undefined) && isProvenByMark(state)) {
        return { subject, state: "ok", note: `version ${state.version}, as vault-bootstrap wrote it` };
      }
      if (print === undefined)
        return unseen(subject, "its data may not be read with this token: `read` on its data path is missing");
      if (isUnreal(print.looksLike, strictness.fixturesAllowed, name === "local")) {
        return {
          subject,
          state: "failed",
          note: `version ${state.version} is ${print.looksLike === "empty" ? "empty" : `a ${print.looksLike}`}`,
        };
      }
      if (!prove || keyVaultName === undefined) return { subject, state: "ok", note: `version ${state.version}` };
      const there = source.get(keyVaultName);
      if (there === undefined) return unseen(subject, `the value of ${keyVaultName} in Key Vault was not read`);
      return there.digest === print.digest
        ? { subject, state: "ok", note: `version ${state.version} equals Key Vault` }
        : { subject, state: "failed", note: `version ${state.version} differs from ${keyVaultName} in Key Vault` };
    }),
  };
}

/**
 * vault-bootstrap carries no placeholder and no fixture from a source, and marks what it wrote with the version: a value
 * with a fitting mark is real, and the auditor's policy is enough to see that.
 */
function isProvenByMark({ customMetadata, version }: VaultSecretState): boolean {
  const { managedBy, authority, sourceVersion, vaultVersion } = customMetadataKeys;
  const isOfSource = customMetadata[authority] === "generated" || customMetadata[sourceVersion] !== undefined;
  return (
    customMetadata[managedBy] === managedByBootstrap && isOfSource && customMetadata[vaultVersion] === String(version)
  );
}

function externalSecrets(
  { externalSecrets: known, externalSecretsElsewhere: elsewhere }: Snapshot,
  { plan }: Expectation,
): Check {
  const states = new Map(known.ok ? known.value.map((one) => [`${one.namespace}/${one.name}`, one]) : []);
  return {
    number: 4,
    title: "ExternalSecrets are synced",
    seed: "kubectl get externalsecrets -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,READY:.status.conditions[0].status",
    items: [
      ...plan.deliveries.map(({ namespace, name }): CheckedItem => {
        const subject = `${namespace}/${name}`;
        if (!known.ok) return unseen(subject, known.failure.message);
        const found = states.get(subject);
        if (found === undefined) return { subject, state: "failed", note: "not found" };
        if (!isSynced(found)) return { subject, state: "failed", note: whyNotSynced(found) };
        return { subject, state: "ok", note: `refreshed ${found.refreshedAt ?? "at an unknown time"}` };
      }),
      ...ofOthers([...(known.ok ? known.value : []), ...(elsewhere?.ok === true ? elsewhere.value : [])], plan),
      ...(elsewhere?.ok === false
        ? [{ subject: "other namespaces", state: "info" as const, note: describeFailure(elsewhere.failure) }]
        : []),
    ],
  };
}

/** What other teams made: each that is not synced, and how many are. */
function ofOthers(found: readonly ExternalSecretState[], { deliveries }: Expectation["plan"]): readonly CheckedItem[] {
  const planned = new Set(deliveries.map(({ namespace, name }) => `${namespace}/${name}`));
  const others = found.filter(({ namespace, name }) => !planned.has(`${namespace}/${name}`));
  const failing = others.filter((one) => !isSynced(one));
  const synced = others.length - failing.length;
  return [
    ...failing.map((one): CheckedItem => {
      const note = `created by something else, and not synced: ${whyNotSynced(one)}`;
      return { subject: `${one.namespace}/${one.name}`, state: "info", note };
    }),
    ...(synced === 0 ? [] : [{ subject: `${synced} created by others`, state: "info" as const, note: "synced" }]),
  ];
}

function isSynced({ ready }: ExternalSecretState): boolean {
  return ready?.status === "True";
}

function whyNotSynced({ warning, ready }: ExternalSecretState): string {
  return warning?.message ?? ready?.reason ?? "no condition yet";
}

function kubernetesSecrets({ secrets, serviceAccounts }: Snapshot, { plan, namespace: own }: Expectation): Check {
  const states = new Map(secrets.ok ? secrets.value.map((one) => [`${one.namespace}/${one.name}`, one]) : []);
  const accounts = new Map(
    serviceAccounts.ok ? serviceAccounts.value.map((one) => [`${one.namespace}/${one.name}`, one]) : [],
  );
  return {
    number: 5,
    title: "Kubernetes Secrets",
    seed: `kubectl get secrets -n ${own} -l app.kubernetes.io/managed-by=external-secrets`,
    items: plan.deliveries.flatMap(
      ({ namespace, target, name, type, keys, imagePullServiceAccounts }): CheckedItem[] => {
        const subject = `${namespace}/${target}`;
        if (!secrets.ok) return [unseen(subject, secrets.failure.message)];
        const found = states.get(subject);
        if (found === undefined) return [{ subject, state: "failed", note: "not found" }];
        const wanted = type === "Opaque" ? keys.map(({ secretKey }) => secretKey) : [".dockerconfigjson"];
        const wrong = [
          ...(found.type === type ? [] : [`type is ${found.type}, wanted ${type}`]),
          ...wanted.filter((key) => found.keys[key] === undefined).map((key) => `lacks ${key}`),
          ...wanted.filter((key) => found.keys[key]?.looksLike === "empty").map((key) => `${key} is empty`),
          ...(found.owner === `ExternalSecret/${name}` ? [] : [`owner is ${found.owner ?? "none"}`]),
          ...(found.labels["app.kubernetes.io/managed-by"] === "external-secrets"
            ? []
            : ["lacks the label app.kubernetes.io/managed-by"]),
        ];
        const itself: CheckedItem = {
          subject,
          state: wrong.length === 0 ? "ok" : "failed",
          note: wrong.length === 0 ? wanted.join(", ") : wrong.join("; "),
        };
        const attached = imagePullServiceAccounts.map((account): CheckedItem => {
          const lists = accounts.get(`${namespace}/${account}`)?.imagePullSecrets.includes(target) === true;
          const of = `${namespace}/${account} (ServiceAccount)`;
          if (!serviceAccounts.ok) return unseen(of, serviceAccounts.failure.message);
          return {
            subject: of,
            state: lists ? "ok" : "failed",
            note: lists ? `lists ${target}` : `imagePullSecrets does not list ${target}`,
          };
        });
        return [itself, ...attached];
      },
    ),
  };
}

function unseen(subject: string, why: string): CheckedItem {
  return { subject, state: "unknown", note: why };
}

function absent(subject: string): CheckedItem {
  return { subject, state: "absent", note: "no value yet, and none is required" };
}
