import { judgeEach, type StackRule, type Violations } from "./rule.ts";
import { text, textsOf } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

export const vaultRoleAudience: StackRule = {
  id: "vault-role-audience",
  severity: "high",
  description: "A role asks for an audience only if every store that logs in by it asks for the same.",
  why: "A role with an audience refuses every token without it: all stores answered 403, first on AKS, then on k3d.",
  remediation:
    "Leave audience out of the role, or set the same one in serviceAccountRef.audiences of each of its stores.",
  references: ["P6"],
  kinds: ["VaultAuthRole", "SecretStore", "ClusterSecretStore"],
  judgeAll(subjects) {
    const stores = subjects.filter(({ kind }) => kind !== "VaultAuthRole");
    const roles = subjects.filter(({ kind }) => kind === "VaultAuthRole");
    return judgeEach(roles, (subject): Violations => {
      const audience = text(subject.object, "audience");
      if (audience === undefined) return [];
      const role = text(subject.object, "roleName");
      const own = stores.filter((store) => loginOf(store).role === role);
      const without = own.filter((store) => !loginOf(store).audiences.includes(audience));
      if (own.length > 0 && without.length === 0) return [];
      const who = own.length === 0 ? "no store asks for it" : `${without[0]?.label ?? "a store"} does not ask for it`;
      return [{ subject, path: ["audience"], problem: `asks for the audience "${audience}", and ${who}` }];
    });
  },
};

export const storeRoleCovers: StackRule = {
  id: "store-role-covers",
  severity: "high",
  description: "Every store's namespace and account are bound in the role that it logs in by.",
  why: "A namespace was added to the stores and not to the role: its SecretStore stayed InvalidProviderConfig.",
  remediation: "Bind the role to the store's namespace and ServiceAccount; both come from one list in this program.",
  references: ["P15"],
  kinds: ["VaultAuthRole", "SecretStore", "ClusterSecretStore"],
  judgeAll(subjects) {
    const roles = subjects.filter(({ kind }) => kind === "VaultAuthRole");
    if (roles.length === 0) return []; // roles are made elsewhere: nothing to compare with
    const stores = subjects.filter(({ kind }) => kind === "SecretStore");
    return judgeEach(stores, (subject): Violations => {
      const { role, namespace = "", account = "" } = loginOf(subject);
      const path = ["spec", "provider", "vault", "auth", "kubernetes", "role"];
      const own = roles.filter(({ object }) => text(object, "roleName") === role);
      if (own.length === 0)
        return [{ subject, path, problem: `logs in by the role "${role ?? ""}", which nothing here makes` }];
      const bound = own.some(
        ({ object }) =>
          textsOf(object, "boundServiceAccountNamespaces").includes(namespace) &&
          textsOf(object, "boundServiceAccountNames").includes(account),
      );
      if (bound) return [];
      return [
        {
          subject,
          path,
          problem: `logs in as ${namespace}/${account}, to which the role "${role ?? ""}" is not bound`,
        },
      ];
    });
  },
};

/** How a SecretStore logs in; parts may be missing. @throws Undecided */
interface StoreLogin {
  readonly namespace: string | undefined;
  readonly role: string | undefined;
  readonly account: string | undefined;
  readonly audiences: readonly string[];
}

/** @throws Undecided */
function loginOf({ object }: Subject): StoreLogin {
  const auth = ["spec", "provider", "vault", "auth", "kubernetes"] as const;
  return {
    namespace: text(object, "metadata", "namespace"),
    role: text(object, ...auth, "role"),
    account: text(object, ...auth, "serviceAccountRef", "name"),
    audiences: textsOf(object, ...auth, "serviceAccountRef", "audiences"),
  };
}
