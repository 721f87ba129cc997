import { customMetadataKeys, managedByBootstrap } from "../domain/bootstrap-config.ts";
import { differencesOf, wantedKeys } from "./explain/target-secret.ts";
import { deliveriesOf, describeLooks, isUnreal, type Expectation } from "./explain/view.ts";
import {
  describeFailure,
  named,
  valuesOf,
  type ExternalSecretState,
  type Snapshot,
  type VaultSecretState,
} from "./snapshot.ts";

export interface CheckedItem {
  readonly subject: string;
  /** `info`: something that another team owns; it never fails the check. */
  readonly state: "ok" | "failed" | "unknown" | "absent" | "info";
  /** What was found and what is wanted; no value. */
  readonly note: string;
}

export interface Check {
  readonly number: 1 | 2 | 3 | 4 | 5;
  readonly title: string;
  /** The command of document 451. */
  readonly seed: string;
  readonly items: readonly CheckedItem[];
}

export interface Validation {
  readonly environment: string;
  readonly takenAt: string;
  /** In the order of document 451 and of the pipeline: read the first that fails. */
  readonly checks: readonly Check[];
  /** False as soon as one item failed or could not be read: what was not seen is not proven. */
  readonly ok: boolean;
}

/** The five checks of document 451. @param options.prove - values in Vault must equal the source's, which the snapshot must have read */
export function validate(snapshot: Snapshot, expected: Expectation, { prove = false } = {}): Validation {
  const { azure, namespace, vault } = expected;
  const checks: readonly Check[] = [
    {
      number: 1,
      title: "names in Key Vault",
      seed: `az keyvault secret list --vault-name ${azure.keyVault} --query "[].name" -o tsv`,
      items: keyVaultNames(snapshot, expected),
    },
    {
      number: 2,
      title: "federated credentials",
      seed: `az identity federated-credential list --identity-name ${azure.identity} --resource-group ${azure.resourceGroup} --query "[].{name:name, subject:subject}" -o table`,
      items: federatedCredentials(snapshot, expected),
    },
    {
      number: 3,
      title: "real values in Vault",
      seed: `kubectl exec -n ${namespace} ${vault.serviceAccount.name}-0 -- sh -c "VAULT_TOKEN=\\$(cat /vault/secrets/root-token) vault kv get ${vault.mount}/ghcr-token"`,
      items: vaultValues(snapshot, expected, prove),
    },
    {
      number: 4,
      title: "ExternalSecrets are synced",
      seed: "kubectl get externalsecrets -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,READY:.status.conditions[0].status",
      items: externalSecrets(snapshot, expected),
    },
    {
      number: 5,
      title: "Kubernetes Secrets",
      seed: `kubectl get secrets -n ${namespace} -l app.kubernetes.io/managed-by=external-secrets`,
      items: kubernetesSecrets(snapshot, expected),
    },
  ];
  const ok = checks.every(({ items }) => items.every(({ state }) => state !== "failed" && state !== "unknown"));
  return { environment: snapshot.environment, takenAt: snapshot.takenAt, checks, ok };
}

function keyVaultNames({ keyVault }: Snapshot, { plan, bootstrap }: Expectation): readonly CheckedItem[] {
  if (bootstrap.config.source.type !== "azure-key-vault") return [];
  const states = new Map(valuesOf(keyVault).map((one) => [one.name, one]));
  return plan.secrets.flatMap(({ keyVaultName: subject, required }): readonly CheckedItem[] => {
    if (subject === undefined) return [];
    if (!keyVault.ok) return [unseen(subject, keyVault.failure.message)];
    const state = states.get(subject);
    if (state !== undefined)
      return [judged(subject, state.enabled, `updated ${state.updatedAt ?? "at an unknown time"}`, "disabled")];
    return [required ? failed(subject, "missing, but required") : absent(subject)];
  });
}

function federatedCredentials({ identity }: Snapshot, { federated }: Expectation): readonly CheckedItem[] {
  const { federatedCredentials: known, clusterIssuer } = identity;
  const { subject, issuer, audience, name } = federated;
  const isExact = valuesOf(known).some(
    (one) => one.subject === subject && one.issuer === issuer && one.audiences.includes(audience),
  );
  return [
    known.ok
      ? judged(subject, isExact, name, "none with exactly this subject, issuer and audience")
      : unseen(subject, known.failure.message),
    clusterIssuer.ok
      ? judged(
          `issuer ${issuer}`,
          clusterIssuer.value === issuer,
          "is the cluster's own",
          `the cluster's own is ${clusterIssuer.value}`,
        )
      : unseen(`issuer ${issuer}`, clusterIssuer.failure.message),
  ];
}

function vaultValues({ vault, keyVault }: Snapshot, expected: Expectation, prove: boolean): readonly CheckedItem[] {
  const source = new Map(valuesOf(keyVault).map((one) => [one.name, one.fingerprint]));
  const states = new Map(valuesOf(vault.secrets).map((one) => [one.path, one]));
  return expected.plan.secrets.map(({ vaultPath, required, keyVaultName, name }): CheckedItem => {
    const subject = `${expected.vault.mount}/${vaultPath}`;
    if (!vault.secrets.ok) return unseen(subject, vault.secrets.failure.message);
    const state = states.get(vaultPath);
    if (state?.state !== "live") {
      const isNeeded = required || deliveriesOf(expected, name).length > 0;
      return isNeeded ? failed(subject, state?.state ?? "absent") : absent(subject);
    }
    const { fingerprint: print } = state;
    const version = `version ${state.version}`;
    const isCompared = prove && keyVaultName !== undefined;
    if (print === undefined) {
      return !isCompared && isProvenByMark(state)
        ? passed(subject, `${version}, as vault-bootstrap wrote it`)
        : unseen(subject, "its data may not be read with this token: `read` on its data path is missing");
    }
    if (isUnreal(print.looksLike, expected)) return failed(subject, `${version} is ${describeLooks(print.looksLike)}`);
    if (!isCompared) return passed(subject, version);
    const digest = source.get(keyVaultName)?.digest;
    if (digest === undefined) return unseen(subject, `the value of ${keyVaultName} in Key Vault was not read`);
    const differs = `${version} differs from ${keyVaultName} in Key Vault`;
    return judged(subject, digest === print.digest, `${version} equals Key Vault`, differs);
  });
}

/** vault-bootstrap writes no placeholder, and marks the version that it wrote: the mark proves a value that may not be read. */
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
): readonly CheckedItem[] {
  return [
    ...plan.deliveries.map((delivery): CheckedItem => {
      const subject = `${delivery.namespace}/${delivery.name}`;
      if (!known.ok) return unseen(subject, known.failure.message);
      const found = named(known, delivery);
      if (found === undefined) return failed(subject, "not found");
      const since = `refreshed ${found.refreshedAt ?? "at an unknown time"}`;
      return judged(subject, isSynced(found), since, whyNotSynced(found));
    }),
    ...ofOthers([...valuesOf(known), ...(elsewhere === undefined ? [] : valuesOf(elsewhere))], plan),
    ...(elsewhere?.ok === false ? [info("other namespaces", describeFailure(elsewhere.failure))] : []),
  ];
}

/** What other teams created: each that is not synced, and how many are. */
function ofOthers(found: readonly ExternalSecretState[], { deliveries }: Expectation["plan"]): readonly CheckedItem[] {
  const planned = new Set(deliveries.map(({ namespace, name }) => `${namespace}/${name}`));
  const others = found.filter(({ namespace, name }) => !planned.has(`${namespace}/${name}`));
  const failing = others.filter((one) => !isSynced(one));
  const synced = others.length - failing.length;
  return [
    ...failing.map((one) =>
      info(`${one.namespace}/${one.name}`, `created by something else, and not synced: ${whyNotSynced(one)}`),
    ),
    ...(synced === 0 ? [] : [info(`${synced} created by other owners`, "synced")]),
  ];
}

const isSynced = ({ ready }: ExternalSecretState): boolean => ready?.status === "True";

function whyNotSynced({ warning, ready }: ExternalSecretState): string {
  return warning?.message ?? ready?.reason ?? "no condition yet";
}

function kubernetesSecrets({ secrets, serviceAccounts }: Snapshot, { plan }: Expectation): readonly CheckedItem[] {
  return plan.deliveries.flatMap((delivery): readonly CheckedItem[] => {
    const { namespace, target, name, imagePullServiceAccounts } = delivery;
    const subject = `${namespace}/${target}`;
    if (!secrets.ok) return [unseen(subject, secrets.failure.message)];
    const found = named(secrets, { namespace, name: target });
    if (found === undefined) return [failed(subject, "not found")];
    const keys = wantedKeys(delivery);
    const wrong = [
      ...differencesOf(delivery, found, found.owner === `ExternalSecret/${name}`),
      ...keys.filter((key) => found.keys[key]?.looksLike === "empty").map((key) => `${key} is empty`),
    ];
    const attached = imagePullServiceAccounts.map((account): CheckedItem => {
      const of = `${namespace}/${account} (ServiceAccount)`;
      if (!serviceAccounts.ok) return unseen(of, serviceAccounts.failure.message);
      const isListed = named(serviceAccounts, { namespace, name: account })?.imagePullSecrets.includes(target) === true;
      return judged(of, isListed, `lists ${target}`, `imagePullSecrets does not list ${target}`);
    });
    return [judged(subject, wrong.length === 0, keys.join(", "), wrong.join("; ")), ...attached];
  });
}

function item(state: CheckedItem["state"]) {
  return (subject: string, note: string): CheckedItem => ({ subject, state, note });
}

const passed = item("ok");
const failed = item("failed");
const unseen = item("unknown");
const info = item("info");

function absent(subject: string): CheckedItem {
  return { subject, state: "absent", note: "no value yet, and none is required" };
}

function judged(subject: string, isOk: boolean, whenOk: string, otherwise: string): CheckedItem {
  return isOk ? passed(subject, whenOk) : failed(subject, otherwise);
}
