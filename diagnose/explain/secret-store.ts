import { named, type StoreState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { reportAt, secretsOfNamespace, type Rule, type View } from "./view.ts";

/** Vault's own problems, which a store only repeats. */
const ofServer = /^vault-(sealed|no-active-pod|lost|orphaned|uninitialised|unreachable|throttled|failing)$/;
const ofLogin =
  /^vault-(reviewer-pinned|auth-config-wrong|auth-missing|role-(missing|audience|binding))$|^token-review/;

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
  // one that breaks no secret is about what could not be read from here
  const server = before.find(({ code, secrets }) => ofServer.test(code) && secrets?.length !== 0);
  if (server !== undefined) return server.code;
  const { health, authConfig, roles, tokenReviewers } = snapshot.vault;
  const serves = health.ok && (health.value.state === "active" || health.value.state === "standby");
  if (/is sealed/.test(seen)) return serves ? "store-stale" : "vault-sealed";
  if (/\b501\b|not initialized/.test(seen)) return serves ? "store-stale" : "vault-uninitialised";
  if (/\bCode: 429\b/.test(seen)) return "vault-throttled";
  const login = before.find((one) => ofLogin.test(one.code) && (one.namespace ?? namespace) === namespace)?.code;
  const refusedLogin = /\b(?:400|500)\b/.test(seen) && /invalid role|audience|not authorized|tokenreviews/.test(seen);
  if (/\b403\b|permission denied/.test(seen) || refusedLogin) {
    const allSeen = authConfig.ok && roles.ok && tokenReviewers.ok;
    return login ?? (allSeen ? "store-stale" : "store-permission-denied");
  }
  // without a configuration, and before version 0.10 of Vault's plugin for each refusal, a login is answered with 500
  if (/\bCode: 5\d\d\b/.test(seen)) return login ?? (serves ? "store-stale" : "vault-failing");
  if (/connection refused|no such host|i\/o timeout|deadline exceeded/i.test(seen))
    return serves ? "store-stale" : "vault-unreachable";
  if (/serviceaccount/i.test(seen) && /not found/i.test(seen)) return "store-account-missing";
  return "store-not-ready";
}
