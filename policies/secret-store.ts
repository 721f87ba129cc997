import { storeServiceAccount } from "../domain/catalogue/plan-chain.ts";
import { generatorAccountFields, storeAccountFields } from "../domain/manifests/account-fields.ts";
import { bootstrapName } from "../domain/plan/federation.ts";
import { environmentNames, type EnvironmentName } from "../domain/stage.ts";
import { placeOfNamespace } from "./place.ts";
import { advisory, judgeEach, type ResourceRule, type StackRule, type Violations } from "./rule.ts";
import { at, entries, list, text, textsOf } from "./subject/reading.ts";
import { pathsWithRole, specList, specText } from "./subject/references.ts";
import type { Subject } from "./subject/subject.ts";
import { vaultServerHosts } from "../domain/names.ts";

const vaultPath = ["spec", "provider", "vault"] as const;

export const storeProvider: ResourceRule = {
  id: "store-provider",
  severity: "high",
  description: "A store leads to Vault and to nothing else.",
  why: "A store straight on Key Vault, or on another namespace's Secrets, passes the bootstrap and its table of owners by.",
  remediation: "Use spec.provider.vault; values of Key Vault come by vault-bootstrap.",
  references: ["https://external-secrets.io/latest/guides/security-best-practices/"],
  kinds: ["SecretStore", "ClusterSecretStore"],
  judge({ object }) {
    const providers = entries(object, "spec", "provider").map(([name]) => name);
    const others = providers.filter((name) => name !== "vault");
    if (providers.length === 0) return [{ path: ["spec", "provider"], problem: "has no provider; set vault" }];
    return others.map((name) => ({ path: ["spec", "provider", name], problem: `leads to "${name}"; set vault` }));
  },
};

export const storeSameEnvironment: ResourceRule = {
  id: "store-same-environment",
  severity: "critical",
  description: "A store leads to the Vault of its own environment.",
  why: "Environments are kept apart by their Vaults, not by paths; and a store on a Vault that is not there waits for ever.",
  remediation:
    "Set server to vault.address of the environment's stack file, or to http://vault-core-<env>.ameide-<env>.svc.cluster.local:8200 where it has none.",
  references: ["P19", "P20"],
  kinds: ["SecretStore", "ClusterSecretStore"],
  judge({ object }, { place, isPlaceAssumed = false, vaults = {} }) {
    const path = [...vaultPath, "server"];
    if (at(object, ...vaultPath) === undefined) return [];
    const server = text(object, ...path);
    if (server === undefined) return [{ path, problem: "names no server; set the environment's Vault" }];
    const host = hostOf(server);
    const own = placeOfNamespace(text(object, "metadata", "namespace"));
    const environment = own ?? place;
    if (environment === "local" && /^(?:127\.|localhost$|host\.)/.test(host)) return [];
    const isOpen = environment === "shared" || (own === undefined && isPlaceAssumed);
    const candidates = environmentNames.filter((name) => isOpen || name === environment);
    const settings = candidates.map((name) => vaults[name]).find((vault) => hostOf(vault?.address ?? "") === host);
    const leadsTo = settings === undefined ? environmentOfHost(host) : environment;
    if (leadsTo === undefined) return [{ path, problem: `leads to "${host}", which is no environment's Vault` }];
    if (!isOpen && leadsTo !== environment)
      return [{ path, problem: `leads to the Vault of ${leadsTo}; set that of ${environment}` }];
    const wanted = settings?.namespace;
    const namespace = text(object, ...vaultPath, "namespace");
    if (isOpen || wanted === undefined || namespace === wanted) return [];
    const found = namespace === undefined ? "names no namespace of Vault" : `reads in Vault's namespace "${namespace}"`;
    return [{ path: [...vaultPath, "namespace"], problem: `${found}; set "${wanted}"` }];
  },
};

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : address;
}

/** The environment whose Vault has this host where no stack file sets another. */
function environmentOfHost(host: string): EnvironmentName | undefined {
  return environmentNames.find((name) => vaultServerHosts(name).includes(host));
}

export const storeAccount: ResourceRule = {
  id: "store-account",
  severity: "high",
  description: "A store logs in by Kubernetes auth, as a ServiceAccount of its own.",
  why: "On `default` every pod of the namespace can take the store's role; a static token is a secret that carries secrets.",
  remediation:
    "Set auth.kubernetes with role and serviceAccountRef.name, such as ameide-vault-reader; no namespace in a SecretStore.",
  references: ["https://external-secrets.io/latest/provider/hashicorp-vault/"],
  kinds: ["SecretStore", "ClusterSecretStore"],
  judge({ kind, object }) {
    if (at(object, ...vaultPath) === undefined) return [];
    const auth = [...vaultPath, "auth"];
    const methods = entries(object, ...auth).map(([name]) => name);
    const others = methods.filter((name) => name !== "kubernetes" && name !== "namespace");
    const reference = [...auth, "kubernetes", "serviceAccountRef"];
    const name = text(object, ...reference, "name");
    return [
      ...others.map((method) => ({ path: [...auth, method], problem: `logs in by "${method}"; set kubernetes` })),
      ...(name === undefined && others.length === 0
        ? [{ path: reference, problem: "names no ServiceAccount to log in as; set serviceAccountRef.name" }]
        : []),
      ...(name === "default"
        ? [{ path: [...reference, "name"], problem: 'logs in as "default"; name an account of its own' }]
        : []),
      ...(kind === "SecretStore" && text(object, ...reference, "namespace") !== undefined
        ? [
            {
              path: [...reference, "namespace"],
              problem: "names a namespace, which ESO refuses in a SecretStore; leave it out",
            },
          ]
        : []),
    ];
  },
};

/** Where the stack file sets no others. */
const defaultMounts = { mount: "secret", authMount: "kubernetes" };

export const storeVaultEngine: ResourceRule = {
  id: "store-vault-engine",
  severity: "high",
  description: "A store reads the KV version 2 mount that vault-bootstrap writes, and the operator reconciles it.",
  why: "With version v1 every read is a 404, or an empty value with Ready; a path that ends in data/ doubles it; a controller class that no operator has leaves the store untouched for ever.",
  remediation:
    "Set spec.provider.vault.version: v2, path and auth.kubernetes.mountPath to vault.mount and vault.authMount of the stack file (secret and kubernetes by default), and no spec.controller.",
  references: [
    "https://external-secrets.io/latest/provider/hashicorp-vault/",
    "https://github.com/external-secrets/external-secrets/issues/2455",
  ],
  kinds: ["SecretStore", "ClusterSecretStore"],
  judge({ object, origin }, { place, vaults = {} }) {
    const environment = placeOfNamespace(text(object, "metadata", "namespace")) ?? place;
    const { mount, authMount } = (environment === "shared" ? undefined : vaults[environment]) ?? defaultMounts;
    // what is left out is the right default, but for the mount: then each key names it
    const wanted = [
      [["spec", "controller"], "default", "only an operator of that class reconciles it; leave it out"],
      [[...vaultPath, "version"], "v2", "the mount is KV version 2; set v2"],
      [[...vaultPath, "path"], mount, `vault-bootstrap writes to the mount ${mount}; set ${mount}`],
      [[...vaultPath, "auth", "kubernetes", "mountPath"], authMount, `Vault's login is there; set ${authMount}`],
    ] as const;
    // a program knows the mounts of its own environment
    const judged = origin === "document" ? wanted : wanted.slice(0, 2);
    return judgeEach(judged, ([path, right, why]): Violations => {
      const found = text(object, ...path);
      if (found === undefined || found.split("/").filter(Boolean).join("/") === right) return [];
      return [{ path, problem: `${path.at(-1) ?? ""} is "${found}": ${why}` }];
    });
  },
};

export const storeClusterConditions: ResourceRule = {
  id: "store-cluster-conditions",
  severity: "critical",
  description: "A ClusterSecretStore says which namespaces may use it.",
  why: "Without conditions every namespace, a preview's too, reads all that the store's role reads.",
  remediation: "Use a SecretStore per namespace; where it must be one for many, list them in spec.conditions.",
  references: ["https://external-secrets.io/latest/guides/multi-tenancy/"],
  kinds: ["ClusterSecretStore"],
  judge({ object }) {
    const path = ["spec", "conditions"];
    const conditions = list(object, ...path);
    if (conditions.length === 0) return [{ path, problem: "has no conditions; name its namespaces" }];
    return conditions.flatMap((condition, i): Violations => {
      const named = list(condition, "namespaces").length > 0;
      const selector = at(condition, "namespaceSelector");
      const selected = entries(selector, "matchLabels").length > 0 || list(selector, "matchExpressions").length > 0;
      const expressions = list(condition, "namespaceRegexes").map(
        (_, r) => text(condition, "namespaceRegexes", r) ?? "",
      );
      const open = expressions.find((expression) => /^\^?\.[*+]\$?$/.test(expression));
      if (open !== undefined) return [{ path: [...path, i], problem: `its condition "${open}" takes every namespace` }];
      return named || selected || expressions.length > 0
        ? []
        : [{ path: [...path, i], problem: "its condition selects nothing in particular; name namespaces or labels" }];
    });
  },
};

export const storeBorrowedAccount: ResourceRule = {
  id: "store-borrowed-account",
  severity: "critical",
  description: "No store or generator lets another namespace log in as an account of this program.",
  why: "A ClusterSecretStore that logged in as a namespace's reader delivered that namespace's secrets into another one, which no role of Vault was bound to.",
  remediation:
    "Use a SecretStore in the account's own namespace, or limit spec.conditions to that namespace by namespaces.",
  references: ["https://external-secrets.io/latest/guides/security-best-practices/"],
  kinds: ["SecretStore", "ClusterSecretStore", "ClusterGenerator"],
  judge(subject) {
    const isGenerator = subject.kind === "ClusterGenerator";
    const base = isGenerator ? ["spec", "generator"] : ["spec", "provider"];
    const fields = isGenerator ? generatorAccountFields : storeAccountFields;
    return judgeEach(fields, (field): Violations => {
      const path = [...base, ...field.split(".")];
      const name = text(subject.object, ...path, "name");
      if (name === bootstrapName) {
        return [{ path, problem: `logs in as "${name}", the account of vault-bootstrap` }];
      }
      // without a namespace, each namespace logs in as its own account
      const namespace = text(subject.object, ...path, "namespace");
      if (name !== storeServiceAccount || namespace === undefined || subject.kind === "SecretStore") return [];
      if (isLimitedTo(subject.object, namespace)) return [];
      return [{ path, problem: `lets other namespaces log in as "${namespace}/${name}"` }];
    });
  },
};

/** Whether the conditions of a ClusterSecretStore let this one namespace use it and no other. @throws Undecided */
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

const pullType = "kubernetes.io/dockerconfigjson";

export const storeForNamespace: StackRule = {
  id: "store-for-namespace",
  severity: "high",
  description: "Every namespace with an ExternalSecret has the store that it names.",
  why: "The store was missing in argocd: its Secret kept a placeholder, and nobody could log in.",
  remediation: "Add the namespace to additionalNamespaces: store, role and pull secret follow from that one list.",
  references: ["P15"],
  kinds: ["ExternalSecret", "SecretStore"],
  judgeAll(subjects) {
    const stores = new Set(subjects.filter(({ kind }) => kind === "SecretStore").map(nameInNamespace));
    if (stores.size === 0) return []; // stores are made elsewhere: nothing to compare with
    const deliveries = subjects.filter(({ kind }) => kind === "ExternalSecret");
    return judgeEach(deliveries, (subject): Violations => {
      const namespace = text(subject.object, "metadata", "namespace");
      if (namespace === undefined && subject.origin === "document") return []; // a base: its overlays say where
      const named = pathsWithRole(subject, "store");
      if (named.length === 0 && !readsStore(subject)) return [];
      return judgeEach(named.length === 0 ? [["spec", "secretStoreRef"]] : named, (path): Violations => {
        if ((text(subject.object, ...path, "kind") ?? "SecretStore") !== "SecretStore") return [];
        const name = text(subject.object, ...path, "name") ?? "";
        const wanted = `${namespace ?? ""}/${name}`;
        if (stores.has(wanted) || stores.has(`*/${name}`)) return [];
        return [{ subject, path, problem: `reads by the store "${wanted}", which nothing here makes` }];
      });
    });
  },
};

/** A generator creates its value itself and needs no store. @throws Undecided */
function readsStore(subject: Subject): boolean {
  const isGenerated = (list: string, i: number): boolean =>
    at(subject.object, "spec", list, i, "sourceRef", "generatorRef") !== undefined;
  const entriesOf = (list: string): readonly boolean[] => specList(subject, list).map((_, i) => isGenerated(list, i));
  const all = [...entriesOf("data"), ...entriesOf("dataFrom")];
  return all.length === 0 || all.includes(false);
}

/** A base without a namespace may come to be in any. @throws Undecided */
function nameInNamespace({ object, origin }: Subject): string {
  const anywhere = origin === "document" ? "*" : "";
  return `${text(object, "metadata", "namespace") ?? anywhere}/${text(object, "metadata", "name") ?? ""}`;
}

export const storePullSecret: StackRule = {
  id: "store-pull-secret",
  severity: "low",
  description: "A namespace that receives secrets receives the registry's pull secret too.",
  why: "Operators in ameide-system and clickhouse-system could not pull: only the environments had the pull secret.",
  remediation: "Add the namespace to registry.additionalNamespaces, unless all its images are public.",
  references: ["P16"],
  levels: advisory,
  kinds: ["ExternalSecret", "SecretStore"],
  judgeAll(subjects) {
    const deliveries = subjects.filter(({ kind }) => kind === "ExternalSecret");
    const pulling = new Set(
      deliveries
        .filter((one) => specText(one, "target", "template", "type") === pullType)
        .map(({ object }) => text(object, "metadata", "namespace")),
    );
    if (pulling.size === 0) return [];
    const stores = subjects.filter(({ kind }) => kind === "SecretStore");
    return judgeEach(stores, (subject): Violations =>
      pulling.has(text(subject.object, "metadata", "namespace"))
        ? []
        : [{ subject, path: ["metadata", "namespace"], problem: "its namespace receives no pull secret" }],
    );
  },
};
