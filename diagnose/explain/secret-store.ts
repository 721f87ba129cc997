import { named, type StoreState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { reportAt, secretsOfNamespace, type Rule, type View } from "./view.ts";

/** Vault's own problems, which a store only repeats. */
const serverCauses: readonly CauseCode[] = [
  "vault-sealed",
  "vault-no-active-pod",
  "vault-lost",
  "vault-orphaned",
  "vault-uninitialised",
  "vault-unreachable",
  "vault-throttled",
  "vault-failing",
];
const loginCauses: readonly CauseCode[] = [
  "vault-reviewer-pinned",
  "vault-auth-config-wrong",
  "vault-auth-missing",
  "token-review-forbidden",
  "vault-role-missing",
  "vault-role-audience",
  "vault-role-binding",
];

export const explainSecretStore: Rule = (view) => {
  const { snapshot, expected } = view;
  const { stores, serviceAccounts } = snapshot;
  if (!stores.ok) return [];
  return expected.plan.stores.flatMap(({ namespace, name }) => {
    const about = { secrets: secretsOfNamespace(expected, namespace), name, namespace };
    const report = reportAt(`SecretStore ${namespace}/${name}`, about);
    const store = named(stores, { namespace, name });
    if (store === undefined) return report("store-missing", "not found");
    const { server, serviceAccount, ready, warning } = store;
    if (server !== expected.vault.address) {
      return report("vault-address-wrong", `server is ${server}, expected ${expected.vault.address}`);
    }
    if (serviceAccounts.ok && named(serviceAccounts, { namespace, name: serviceAccount }) === undefined) {
      return report("store-account-missing", `ServiceAccount ${namespace}/${serviceAccount} not found`);
    }
    if (ready === undefined) return report("eso-not-running", "it has no condition");
    if (ready.status === "True") return [];
    const seen = `${ready.reason}: ${warning?.message ?? ready.message}`;
    return report(codeOf(view, store, seen), seen);
  });
};

function codeOf({ snapshot, before }: View, { namespace }: StoreState, seen: string): CauseCode {
  const isSeen = (code: CauseCode): boolean => before.some((sighting) => sighting.code === code);
  const server = serverCauses.find(isSeen);
  if (server !== undefined) return server;
  const { health, authConfig, roles, tokenReviewers } = snapshot.vault;
  const serves = health.ok && (health.value.state === "active" || health.value.state === "standby");
  if (/is sealed/.test(seen)) return serves ? "store-stale" : "vault-sealed";
  if (/\b501\b|not initialized/.test(seen)) return serves ? "store-stale" : "vault-uninitialised";
  if (/\bCode: 429\b/.test(seen)) return "vault-throttled";
  const isHere = (code: CauseCode): boolean =>
    before.some((one) => one.code === code && (one.namespace === undefined || one.namespace === namespace));
  const refusedLogin = /\b(?:400|500)\b/.test(seen) && /invalid role|audience|not authorized|tokenreviews/.test(seen);
  if (/\b403\b|permission denied/.test(seen) || refusedLogin) {
    const allSeen = authConfig.ok && roles.ok && tokenReviewers.ok;
    return loginCauses.find(isHere) ?? (allSeen ? "store-stale" : "store-permission-denied");
  }
  // without a configuration, and before version 0.10 of Vault's plugin for each refusal, a login is answered with 500
  if (/\bCode: 5\d\d\b/.test(seen)) return loginCauses.find(isHere) ?? (serves ? "store-stale" : "vault-failing");
  if (/connection refused|no such host|i\/o timeout|deadline exceeded/i.test(seen))
    return serves ? "store-stale" : "vault-unreachable";
  if (/serviceaccount/i.test(seen) && /not found/i.test(seen)) return "store-account-missing";
  return "store-not-ready";
}
