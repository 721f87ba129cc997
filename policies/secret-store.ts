import { storeServiceAccount } from "../domain/plan/plan-chain.ts";
import { generatorAccountFields, storeAccountFields } from "../domain/manifests/secret-fields.ts";
import { bootstrapName, vaultServerHosts } from "../domain/names.ts";
import { environmentNames } from "../domain/stage.ts";
import { environmentOf, environmentOfNamespace } from "./environment.ts";
import { advisory, judgeEach, type Violations, type RuleTable } from "./rule.ts";
import { at, entries, list, text, textsOf } from "./subject/reading.ts";
import { pathsWithRole, specText } from "./subject/references.ts";
import { ofKind, type Kind, type Subject } from "./subject/subject.ts";

const vaultPath = ["spec", "provider", "vault"];

const authPath = [...vaultPath, "auth"];

const storeKinds: readonly Kind[] = ["SecretStore", "ClusterSecretStore"];

export const storeRules = {
  "store-provider": {
    severity: "high",
    description: "A store reads from Vault and from nothing else.",
    why: "A store that reads Key Vault directly, or Secrets of another namespace, bypasses vault-bootstrap and the check of who owns a secret.",
    remediation: "Use spec.provider.vault; vault-bootstrap copies the values of Key Vault to Vault.",
    references: ["https://external-secrets.io/latest/guides/security-best-practices/"],
    kinds: storeKinds,
    judge({ object }) {
      const path = ["spec", "provider"];
      const providers = entries(object, ...path).map(([name]) => name);
      if (providers.length === 0) return { path, problem: "has no provider; set vault" };
      return providers.map(
        (name) => name !== "vault" && { path: [...path, name], problem: `reads from "${name}"; set vault` },
      );
    },
  },
  "store-same-environment": {
    severity: "critical",
    description: "A store reads from the Vault of its own environment.",
    why: "Each environment has its own Vault, and nothing else separates them. A store with the address of a Vault that does not exist waits forever.",
    remediation:
      "Set server to vault.address of the environment's stack file, or to http://vault-core-<env>.ameide-<env>.svc.cluster.local:8200 where it has none.",
    references: ["P19", "P20"],
    kinds: storeKinds,
    judge({ object }, { environment: ofStack, isEnvironmentAssumed = false, vaults = {} }) {
      const path = [...vaultPath, "server"];
      if (at(object, ...vaultPath) === undefined) return [];
      const server = text(object, ...path);
      if (server === undefined) return { path, problem: "has no server; set the environment's Vault" };
      const host = hostOf(server);
      const own = environmentOfNamespace(text(object, "metadata", "namespace"));
      const environment = own ?? ofStack;
      if (environment === "local" && /^(?:127\.|localhost$|host\.)/.test(host)) return [];
      const isAnyAllowed = environment === "shared" || (own === undefined && isEnvironmentAssumed);
      const candidates = environmentNames.filter((name) => isAnyAllowed || name === environment);
      const settings = candidates.map((name) => vaults[name]).find((vault) => hostOf(vault?.address ?? "") === host);
      const actual = settings ? environment : environmentNames.find((name) => vaultServerHosts(name).includes(host));
      if (actual === undefined) return { path, problem: `server "${host}" is not the Vault of any environment` };
      if (isAnyAllowed) return [];
      if (actual !== environment) {
        return { path, problem: `reads from the Vault of ${actual}; set that of ${environment}` };
      }
      const wanted = settings?.namespace;
      const namespace = text(object, ...vaultPath, "namespace");
      const found = namespace === undefined ? "has no Vault namespace" : `reads Vault's namespace "${namespace}"`;
      const isWrong = wanted !== undefined && namespace !== wanted;
      return isWrong && { path: [...vaultPath, "namespace"], problem: `${found}; set "${wanted}"` };
    },
  },
  "store-account": {
    severity: "high",
    description: "A store logs in with Kubernetes auth, as its own ServiceAccount.",
    why: "With the account `default` every pod of the namespace can use the store's role. A static token is one more secret to manage.",
    remediation:
      "Set auth.kubernetes with role and serviceAccountRef.name, such as ameide-vault-reader; no namespace in a SecretStore.",
    references: ["https://external-secrets.io/latest/provider/hashicorp-vault/"],
    kinds: storeKinds,
    judge({ kind, object }) {
      if (at(object, ...vaultPath) === undefined) return [];
      const others = entries(object, ...authPath)
        .map(([method]) => method)
        .filter((method) => method !== "kubernetes" && method !== "namespace");
      const path = [...authPath, "kubernetes", "serviceAccountRef"];
      const name = text(object, ...path, "name");
      const hasNamespace = text(object, ...path, "namespace") !== undefined;
      const refusedNamespace = "has a namespace, which External Secrets refuses in a SecretStore; remove it";
      return [
        others.map((method) => ({ path: [...authPath, method], problem: `logs in with "${method}"; set kubernetes` })),
        name === undefined &&
          others.length === 0 && { path, problem: "has no ServiceAccount to log in with; set serviceAccountRef.name" },
        name === "default" && { path: [...path, "name"], problem: 'logs in as "default"; name its own account' },
        kind === "SecretStore" && hasNamespace && { path: [...path, "namespace"], problem: refusedNamespace },
      ];
    },
  },
  "store-vault-engine": {
    severity: "high",
    description: "A store reads the KV version 2 mount that vault-bootstrap writes, and the operator reconciles it.",
    why: "With version v1 every read gets 404, or an empty value with status Ready. A path that ends with data/ repeats it. A store with an unknown controller class is never reconciled.",
    remediation:
      "Set spec.provider.vault.version: v2, path and auth.kubernetes.mountPath to vault.mount and vault.authMount of the stack file (secret and kubernetes by default), and no spec.controller.",
    references: [
      "https://external-secrets.io/latest/provider/hashicorp-vault/",
      "https://github.com/external-secrets/external-secrets/issues/2455",
    ],
    kinds: storeKinds,
    judge(subject, context) {
      const environment = environmentOf(subject, context);
      const settings = environment === "shared" ? undefined : context.vaults?.[environment];
      const { mount, authMount } = settings ?? { mount: "secret", authMount: "kubernetes" };
      // a field that is left out has the right default; without a mount, each key names it
      const wanted = [
        [["spec", "controller"], "default", "only an operator of that class reconciles it; remove it"],
        [[...vaultPath, "version"], "v2", "the mount is KV version 2; set v2"],
        [[...vaultPath, "path"], mount, `vault-bootstrap writes to the mount ${mount}; set ${mount}`],
        [[...authPath, "kubernetes", "mountPath"], authMount, `Vault's login is at ${authMount}; set ${authMount}`],
      ] as const;
      // a program sets the mounts of its own environment
      return judgeEach(subject.origin === "document" ? wanted : wanted.slice(0, 2), ([path, right, why]) => {
        const found = text(subject.object, ...path) ?? right;
        const isRight = found.split("/").filter(Boolean).join("/") === right;
        return !isRight && { path, problem: `${path.at(-1) ?? ""} is "${found}": ${why}` };
      });
    },
  },
  "store-cluster-conditions": {
    severity: "critical",
    description: "A ClusterSecretStore says which namespaces may use it.",
    why: "Without conditions every namespace, also one of a preview, can read everything that the store's role can read.",
    remediation: "Use one SecretStore per namespace; if several must share a store, list them in spec.conditions.",
    references: ["https://external-secrets.io/latest/guides/multi-tenancy/"],
    kinds: ["ClusterSecretStore"],
    judge({ object }) {
      const path = ["spec", "conditions"];
      const conditions = list(object, ...path);
      if (conditions.length === 0) return { path, problem: "has no conditions; name its namespaces" };
      return conditions.map((condition, i): Violations => {
        const regexes = textsOf(condition, "namespaceRegexes");
        const open = regexes.find((regex) => /^\^?\.[*+]\$?$/.test(regex));
        if (open !== undefined)
          return { path: [...path, i], problem: `its condition "${open}" matches every namespace` };
        const selector = at(condition, "namespaceSelector");
        const isLimited =
          regexes.length > 0 ||
          list(condition, "namespaces").length > 0 ||
          entries(selector, "matchLabels").length > 0 ||
          list(selector, "matchExpressions").length > 0;
        return !isLimited && { path: [...path, i], problem: "its condition is empty; name namespaces or labels" };
      });
    },
  },
  "store-borrowed-account": {
    severity: "critical",
    description: "No store or generator lets another namespace log in with an account of this program.",
    why: "A ClusterSecretStore that logged in with a namespace's reader delivered the secrets of that namespace to another one, which no role of Vault was bound to.",
    remediation:
      "Use a SecretStore in the account's own namespace, or limit spec.conditions to that namespace by namespaces.",
    references: ["https://external-secrets.io/latest/guides/security-best-practices/"],
    kinds: [...storeKinds, "ClusterGenerator"],
    judge({ kind, object }) {
      const isGenerator = kind === "ClusterGenerator";
      const base = isGenerator ? ["spec", "generator"] : ["spec", "provider"];
      return judgeEach(isGenerator ? generatorAccountFields : storeAccountFields, (field) => {
        const path = [...base, ...field.split(".")];
        const name = text(object, ...path, "name");
        if (name === bootstrapName) return { path, problem: `logs in as "${name}", the account of vault-bootstrap` };
        // without a namespace, each namespace logs in with its own account
        const namespace = text(object, ...path, "namespace");
        if (name !== storeServiceAccount || namespace === undefined || kind === "SecretStore") return [];
        const problem = `lets other namespaces log in as "${namespace}/${name}"`;
        return !isLimitedTo(object, namespace) && { path, problem };
      });
    },
  },
  "store-for-namespace": {
    severity: "high",
    description: "Every namespace with an ExternalSecret has the store that it names.",
    why: "The namespace argocd had no store: its Secret kept a placeholder, and nobody could log in.",
    remediation: "Add the namespace to additionalNamespaces, from which store, role and pull secret are derived.",
    references: ["P15"],
    kinds: ["ExternalSecret", "SecretStore"],
    judgeAll(subjects) {
      const stores = new Set(ofKind(subjects, "SecretStore").map(nameInNamespace));
      if (stores.size === 0) return []; // another program creates the stores
      return judgeEach(ofKind(subjects, "ExternalSecret"), (subject) => {
        const { object, origin } = subject;
        const namespace = text(object, "metadata", "namespace");
        if (namespace === undefined && origin === "document") return []; // its overlays set the namespace
        const named = pathsWithRole(subject, "store");
        if (named.length === 0 && !readsStore(object)) return [];
        return judgeEach(named.length === 0 ? [["spec", "secretStoreRef"]] : named, (path) => {
          if ((text(object, ...path, "kind") ?? "SecretStore") !== "SecretStore") return [];
          const name = text(object, ...path, "name") ?? "";
          const wanted = `${namespace ?? ""}/${name}`;
          if (stores.has(wanted) || stores.has(`*/${name}`)) return [];
          return { subject, path, problem: `reads from the store "${wanted}", which nothing here creates` };
        });
      });
    },
  },
  "store-pull-secret": {
    severity: "low",
    description: "A namespace that gets secrets also gets the registry's pull secret.",
    why: "Operators in ameide-system and clickhouse-system could not pull images: only the environments' namespaces had the pull secret.",
    remediation: "Add the namespace to registry.additionalNamespaces, unless all its images are public.",
    references: ["P16"],
    levels: advisory,
    kinds: ["ExternalSecret", "SecretStore"],
    judgeAll(subjects) {
      const withPullSecret = new Set(
        ofKind(subjects, "ExternalSecret")
          .filter((one) => specText(one, "target", "template", "type") === "kubernetes.io/dockerconfigjson")
          .map(({ object }) => text(object, "metadata", "namespace")),
      );
      if (withPullSecret.size === 0) return [];
      return judgeEach(ofKind(subjects, "SecretStore"), (subject) => {
        const isServed = withPullSecret.has(text(subject.object, "metadata", "namespace"));
        return !isServed && { subject, path: ["metadata", "namespace"], problem: "its namespace gets no pull secret" };
      });
    },
  },
} satisfies RuleTable;

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : address;
}

function isLimitedTo(object: unknown, namespace: string): boolean {
  const conditions = list(object, "spec", "conditions");
  return (
    conditions.length > 0 &&
    conditions.every((condition) => {
      const named = textsOf(condition, "namespaces");
      const isOpen = at(condition, "namespaceSelector") !== undefined || list(condition, "namespaceRegexes").length > 0;
      return !isOpen && named.length > 0 && named.every((one) => one === namespace);
    })
  );
}

/** A generator creates its value itself and needs no store. @throws Undecided */
function readsStore(object: unknown): boolean {
  const generators = ["data", "dataFrom"].flatMap((key) =>
    list(object, "spec", key).map((_, i) => at(object, "spec", key, i, "sourceRef", "generatorRef")),
  );
  return generators.length === 0 || generators.includes(undefined);
}

/** A document without a namespace may go to any. @throws Undecided */
function nameInNamespace({ object, origin }: Subject): string {
  const anywhere = origin === "document" ? "*" : "";
  return `${text(object, "metadata", "namespace") ?? anywhere}/${text(object, "metadata", "name") ?? ""}`;
}
