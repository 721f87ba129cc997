import { judgeEach, type StackRule } from "./rule.ts";
import { text, textsOf } from "./subject/reading.ts";
import { ofKind, type Subject } from "./subject/subject.ts";

export const vaultRoleAudience: StackRule = {
  id: "vault-role-audience",
  severity: "high",
  description: "A role requires an audience only if every store that uses it requests the same one.",
  why: "A role with an audience refuses every token without it: all stores got 403, first on AKS, then on k3d.",
  remediation:
    "Remove audience from the role, or set the same one in serviceAccountRef.audiences of each of its stores.",
  references: ["P6"],
  kinds: ["VaultAuthRole", "SecretStore", "ClusterSecretStore"],
  judgeAll(subjects) {
    const stores = ofKind(subjects, "SecretStore", "ClusterSecretStore");
    return judgeEach(ofKind(subjects, "VaultAuthRole"), (subject) => {
      const audience = text(subject.object, "audience");
      if (audience === undefined) return [];
      const role = text(subject.object, "roleName");
      const users = stores.filter((store) => loginOf(store).role === role);
      const without = users.find((store) => !loginOf(store).audiences.includes(audience));
      if (users.length > 0 && without === undefined) return [];
      const who = without === undefined ? "no store requests it" : `${without.label} does not request it`;
      return { subject, path: ["audience"], problem: `requires the audience "${audience}", but ${who}` };
    });
  },
};

export const storeRoleCovers: StackRule = {
  id: "store-role-covers",
  severity: "high",
  description: "Every store's namespace and ServiceAccount are bound in the role that it uses.",
  why: "A namespace got a store but was not added to the role: its SecretStore stayed InvalidProviderConfig.",
  remediation: "Bind the role to the store's namespace and ServiceAccount; this program derives both from one list.",
  references: ["P15"],
  kinds: ["VaultAuthRole", "SecretStore", "ClusterSecretStore"],
  judgeAll(subjects) {
    const roles = ofKind(subjects, "VaultAuthRole");
    if (roles.length === 0) return []; // another program creates the roles
    return judgeEach(ofKind(subjects, "SecretStore"), (subject) => {
      const { role = "", namespace = "", account = "" } = loginOf(subject);
      const path = [...kubernetesAuth, "role"];
      const own = roles.filter(({ object }) => text(object, "roleName") === role);
      if (own.length === 0) return { subject, path, problem: `uses the role "${role}", which nothing here creates` };
      const isBound = own.some(
        ({ object }) =>
          textsOf(object, "boundServiceAccountNamespaces").includes(namespace) &&
          textsOf(object, "boundServiceAccountNames").includes(account),
      );
      const problem = `logs in as ${namespace}/${account}, which is not bound in the role "${role}"`;
      return !isBound && { subject, path, problem };
    });
  },
};

const kubernetesAuth = ["spec", "provider", "vault", "auth", "kubernetes"];

/** How a store logs in; parts may be missing. @throws Undecided */
function loginOf({ object }: Subject): {
  readonly namespace: string | undefined;
  readonly role: string | undefined;
  readonly account: string | undefined;
  readonly audiences: readonly string[];
} {
  return {
    namespace: text(object, "metadata", "namespace"),
    role: text(object, ...kubernetesAuth, "role"),
    account: text(object, ...kubernetesAuth, "serviceAccountRef", "name"),
    audiences: textsOf(object, ...kubernetesAuth, "serviceAccountRef", "audiences"),
  };
}
