import type { PlannedStore } from "../../domain/plan/environment.ts";
import type { StoreState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { age, secretsOfNamespace, seenBefore, type Rule, type Sighting, type View } from "./view.ts";

/** What External Secrets needs to set a first condition; more is no longer a start. */
const firstSyncInMilliseconds = 120_000;

/** Vault's own troubles that a store repeats in its words. */
const serverCauses: readonly CauseCode[] = [
  "vault-sealed",
  "vault-no-active-pod",
  "vault-lost",
  "vault-orphaned",
  "vault-uninitialised",
  "vault-unreachable",
  "vault-throttled",
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

/** Stores: there, pointing at this Vault, with their account, Ready; a failure is traced back to Vault where it began. */
export const explainSecretStore: Rule = (view) => {
  const { snapshot, expected } = view;
  if (!snapshot.stores.ok) return [];
  const known = new Map(snapshot.stores.value.map((store) => [`${store.namespace}/${store.name}`, store]));
  return expected.plan.stores.flatMap((planned) => {
    const store = known.get(`${planned.namespace}/${planned.name}`);
    const about = {
      secrets: secretsOfNamespace(expected, planned.namespace),
      name: planned.name,
      namespace: planned.namespace,
    };
    const where = `SecretStore ${planned.namespace}/${planned.name}`;
    if (store === undefined) return [{ code: "store-missing" as const, where, seen: "not found", ...about }];
    return ofStore(view, planned, store, { where, ...about });
  });
};

type About = Pick<Sighting, "where" | "secrets" | "name" | "namespace">;

function ofStore(view: View, planned: PlannedStore, store: StoreState, about: About): readonly Sighting[] {
  const { snapshot, expected } = view;
  if (store.server !== expected.vault.address) {
    return [
      { code: "vault-address-wrong", seen: `server is ${store.server}, wanted ${expected.vault.address}`, ...about },
    ];
  }
  const accounts = snapshot.serviceAccounts;
  const hasAccount = accounts.ok
    ? accounts.value.some(({ namespace, name }) => namespace === planned.namespace && name === store.serviceAccount)
    : undefined;
  if (hasAccount === false) {
    return [
      {
        code: "store-account-missing",
        seen: `ServiceAccount ${planned.namespace}/${store.serviceAccount} not found`,
        ...about,
      },
    ];
  }
  if (store.ready === undefined) {
    return [{ code: "eso-not-running", seen: "it has no condition", ...about }];
  }
  if (store.ready.status === "True") return [];
  const seen = `${store.ready.reason}: ${store.warning?.message ?? store.ready.message}`;
  return [{ code: codeOf(view, store, seen), seen, ...about }];
}

function codeOf(view: View, { namespace }: StoreState, seen: string): CauseCode {
  const server = seenBefore(view, serverCauses);
  if (server !== undefined) return server.code;
  const { health, authConfig, roles, tokenReviewers } = view.snapshot.vault;
  const serves = health.ok && (health.value.state === "active" || health.value.state === "standby");
  if (/\b503\b|is sealed/.test(seen)) return serves ? "store-stale" : "vault-sealed";
  if (/\b501\b|not initialized/.test(seen)) return serves ? "store-stale" : "vault-uninitialised";
  if (/\bCode: 429\b/.test(seen)) return "vault-throttled";
  const refusedLogin = /\b400\b/.test(seen) && /invalid role|audience|not authorized/.test(seen);
  if (/\b403\b|permission denied/.test(seen) || refusedLogin) {
    const login = loginCauses
      .flatMap((code) => view.before.filter((sighting) => sighting.code === code))
      .find((sighting) => sighting.namespace === undefined || sighting.namespace === namespace);
    if (login !== undefined) return login.code;
    const allSeen = authConfig.ok && roles.ok && tokenReviewers.ok;
    return allSeen ? "store-stale" : "store-permission-denied";
  }
  if (/connection refused|no such host|i\/o timeout|deadline exceeded/i.test(seen))
    return serves ? "store-stale" : "vault-unreachable";
  if (/serviceaccount/i.test(seen) && /not found/i.test(seen)) return "store-account-missing";
  return "store-not-ready";
}

/** Whether an object is old enough to have been seen by External Secrets. */
export function shouldBeSynced(view: View, createdAt: string): boolean {
  return (age(view.snapshot, createdAt) ?? 0) > firstSyncInMilliseconds;
}
