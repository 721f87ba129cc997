import { type ResourceRule } from "./rule.ts";
import { at, isSet, list, text } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";
import { resolveVaultPath } from "./subject/vault-path.ts";
import { credentialsSecret } from "../domain/names.ts";

/** Whether a generic write goes to the configuration of an auth method, past the resource that is made for it. */
function writesAuthConfig({ kind, object }: Subject): boolean {
  return kind === "VaultSecret" && /^auth\/[^/]+\/config$/.test(resolveVaultPath(text(object, "path") ?? ""));
}

/** Vault refuses a body that is not JSON, so such a body pins nothing. */
function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? "{}");
  } catch {
    return undefined;
  }
}

export const vaultReviewerToken: ResourceRule = {
  id: "vault-reviewer-token",
  severity: "critical",
  description: "Vault's Kubernetes auth pins no reviewer token.",
  why: "A token projected into a pod ends with the pod: every SecretStore of the cluster answered 403.",
  remediation:
    "Leave token_reviewer_jwt out and set disable_local_ca_jwt=false: Vault then reviews with its own account.",
  references: ["P7"],
  kinds: ["VaultAuthConfig", "VaultSecret"],
  judge(subject) {
    const { kind, object } = subject;
    if (kind === "VaultAuthConfig") {
      const pins = ["tokenReviewerJwt", "tokenReviewerJwtWo"].filter((key) => isSet(object, key));
      return pins.map((key) => ({ path: [key], problem: `${key} pins a reviewer token; leave it out` }));
    }
    if (!writesAuthConfig(subject) || !isSet(parsed(text(object, "dataJson")), "token_reviewer_jwt")) return [];
    return [{ path: ["dataJson"], problem: "writes token_reviewer_jwt; leave it out" }];
  },
};

export const vaultAuthConfig: ResourceRule = {
  id: "vault-auth-config",
  severity: "high",
  description: "Vault asks its own cluster, with its own account and the cluster's own CA.",
  why: "A pinned host, CA or issuer outlives the cluster it was read from: after the next rebuild no store logs in.",
  remediation:
    "Set kubernetes_host=https://kubernetes.default.svc, disable_iss_validation=true, disable_local_ca_jwt=false, and no CA.",
  references: ["https://developer.hashicorp.com/vault/docs/auth/kubernetes"],
  kinds: ["VaultAuthConfig"],
  judge({ object }, { place }) {
    if (place === "local") return []; // Vault runs outside a pod there: `vaultAuth: outside-pod`
    const found = [];
    const host = text(object, "kubernetesHost");
    if (host !== "https://kubernetes.default.svc") {
      const problem = `kubernetesHost is ${host === undefined ? "not set" : `"${host}"`}; set https://kubernetes.default.svc`;
      found.push({ path: ["kubernetesHost"], problem });
    }
    if (at(object, "disableIssValidation") !== true) {
      found.push({ path: ["disableIssValidation"], problem: "disableIssValidation is not true; set it" });
    }
    if (at(object, "disableLocalCaJwt") === true) {
      found.push({ path: ["disableLocalCaJwt"], problem: "disableLocalCaJwt is true; set false" });
    }
    if (isSet(object, "kubernetesCaCert")) {
      found.push({ path: ["kubernetesCaCert"], problem: "pins a CA; leave kubernetesCaCert out" });
    }
    return found;
  },
};

export const vaultRoleAccount: ResourceRule = {
  id: "vault-role-account",
  severity: "high",
  description: "A role is bound to named ServiceAccounts of named namespaces, and never to `default`.",
  why: "Every pod that names no account runs as `default`: reader and writer roles were open to all of a namespace.",
  remediation: "Make a ServiceAccount of its own for the consumer and bind the role to it and its namespace.",
  references: ["https://developer.hashicorp.com/vault/docs/auth/kubernetes"],
  kinds: ["VaultAuthRole"],
  judge({ object }) {
    const named = (key: string): readonly string[] => list(object, key).map((_, i) => text(object, key, i) ?? "");
    const accounts = named("boundServiceAccountNames");
    const namespaces = named("boundServiceAccountNamespaces");
    const bad = accounts.filter((name) => name === "default" || name.includes("*"));
    return [
      ...(accounts.length === 0
        ? [{ path: ["boundServiceAccountNames"], problem: "is bound to no account; name one" }]
        : []),
      ...bad.map((name) => ({
        path: ["boundServiceAccountNames"],
        problem: `is bound to the account "${name}"; name its own`,
      })),
      ...(namespaces.length === 0
        ? [{ path: ["boundServiceAccountNamespaces"], problem: "is bound to no namespace; name it" }]
        : []),
      ...namespaces
        .filter((name) => name.includes("*"))
        .map((name) => ({
          path: ["boundServiceAccountNamespaces"],
          problem: `is bound to "${name}"; name each namespace`,
        })),
    ];
  },
};

/** One day: nobody who logs in by Kubernetes auth needs a token for longer, since logging in again is free. */
const longestTtlInSeconds = 86_400;

export const vaultRoleTtl: ResourceRule = {
  id: "vault-role-ttl",
  severity: "medium",
  description: "A role says how long its tokens live: more than nothing, at most a day.",
  why: "Left out, Vault's own default of 32 days holds: a token read from a pod opens the vault for a month.",
  remediation: "Set tokenTtl and tokenMaxTtl, such as 1200 seconds.",
  references: ["https://developer.hashicorp.com/vault/docs/concepts/tokens"],
  kinds: ["VaultAuthRole"],
  judge({ object }) {
    return ["tokenTtl", "tokenMaxTtl"].flatMap((key) => {
      const seconds = at(object, key);
      if (typeof seconds !== "number" || seconds <= 0)
        return [{ path: [key], problem: `${key} is not set; set its seconds` }];
      if (seconds <= longestTtlInSeconds) return [];
      return [{ path: [key], problem: `${key} is ${seconds} s; set at most ${longestTtlInSeconds}` }];
    });
  },
};

export const vaultMountCas: ResourceRule = {
  id: "vault-mount-cas",
  severity: "high",
  description: "The mount asks nobody for check-and-set, and is KV version 2.",
  why: "Client-patcher, reconcilers and PushSecret write without CAS and would all get 400; version 1 keeps no history.",
  remediation: "Set casRequired: false on the mount; the bootstrap sets cas_required on the names that it owns.",
  references: ["https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2"],
  kinds: ["VaultMount"],
  judge({ type, object }) {
    if (type.endsWith(":SecretBackendV2")) {
      return at(object, "casRequired") === true
        ? [{ path: ["casRequired"], problem: "casRequired is true for every writer; set false" }]
        : [];
    }
    const isKv = text(object, "type") === "kv";
    const version = text(object, "options", "version");
    if (!isKv || version === "2") return [];
    return [{ path: ["options", "version"], problem: `is KV version ${version ?? "1"}; set 2` }];
  },
};

export const vaultProviderToken: ResourceRule = {
  id: "vault-provider-token",
  severity: "critical",
  description: "Vault's token is no argument of its provider.",
  why: "An argument of a provider is copied into state and stays there after the token is revoked.",
  remediation: "Leave token out; the provider reads VAULT_TOKEN from its environment.",
  references: ["https://www.pulumi.com/registry/packages/vault/installation-configuration/"],
  kinds: ["VaultProvider"],
  judge({ object }) {
    if (!isSet(object, "token")) return [];
    return [{ path: ["token"], problem: "takes its token as an argument; leave it out and set VAULT_TOKEN" }];
  },
};

export const vaultAutoCredentials: ResourceRule = {
  id: "vault-auto-credentials",
  severity: "critical",
  description: "Root token and unseal key lie in a Secret only in dev and local.",
  why: "Whoever reads Secrets in the namespace owns its Vault; the rule said dev only, in fact it was everywhere.",
  remediation: "Unseal by a key service, keep recovery keys outside Kubernetes, and set initialise: false.",
  references: ["https://developer.hashicorp.com/vault/docs/concepts/seal"],
  levels: { staging: "advisory", dev: "off", local: "off" },
  kinds: ["Secret", "ConfigMap"],
  judge({ kind, object }) {
    if (kind === "Secret") {
      return text(object, "metadata", "name") === credentialsSecret
        ? [{ path: ["metadata", "name"], problem: "holds Vault's root token and unseal key; remove it" }]
        : [];
    }
    const config = text(object, "data", "config.json");
    if (config === undefined || !/"credentialsSecret"/.test(config)) return [];
    if (/"rootToken":\s*"stored"/.test(config)) {
      const problem = "lets vault-bootstrap store Vault's root token, which never expires; set rootToken: revoked";
      return [{ path: ["data", "config.json"], problem }];
    }
    const stores = /"initialise":\s*true/.test(config) || /"unseal":\s*"from-secret"/.test(config);
    return stores
      ? [
          {
            path: ["data", "config.json"],
            problem: "lets vault-bootstrap keep Vault's keys in a Secret; set unseal: kms or manual",
          },
        ]
      : [];
  },
};
