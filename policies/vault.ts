import { mustBe, type ResourceRule, type Violations } from "./rule.ts";
import { at, isSet, text, textsOf } from "./subject/reading.ts";
import { resolveVaultPath } from "./subject/vault-path.ts";
import { credentialsSecret } from "../domain/names.ts";

export const vaultReviewerToken: ResourceRule = {
  id: "vault-reviewer-token",
  severity: "critical",
  description: "Vault's Kubernetes auth has no reviewer token of its own.",
  why: "A token that is projected into a pod expires with the pod. It once locked every SecretStore of the cluster out with 403.",
  remediation: "Remove token_reviewer_jwt and set disable_local_ca_jwt=false: Vault then reviews with its own account.",
  references: ["P7"],
  kinds: ["VaultAuthConfig", "VaultSecret"],
  judge({ kind, object }) {
    if (kind === "VaultAuthConfig") {
      return ["tokenReviewerJwt", "tokenReviewerJwtWo"].map(
        (key) => isSet(object, key) && { path: [key], problem: `${key} sets a reviewer token; remove it` },
      );
    }
    // a generic write to the configuration of an auth method
    if (!/^auth\/[^/]+\/config$/.test(resolveVaultPath(text(object, "path") ?? ""))) return [];
    const isPinned = isSet(jsonOf(text(object, "dataJson")), "token_reviewer_jwt");
    return isPinned && { path: ["dataJson"], problem: "writes token_reviewer_jwt; remove it" };
  },
};

/** Vault refuses a body that is not JSON, so such a body sets nothing. */
function jsonOf(body = "{}"): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

export const vaultAuthConfig: ResourceRule = {
  id: "vault-auth-config",
  severity: "high",
  description: "Vault asks its own cluster, with its own account and the cluster's own CA.",
  why: "A host, CA or issuer that is set explicitly stays when the cluster is rebuilt: then no store can log in.",
  remediation:
    "Set kubernetes_host=https://kubernetes.default.svc, disable_iss_validation=true, disable_local_ca_jwt=false, and no CA.",
  references: ["https://developer.hashicorp.com/vault/docs/auth/kubernetes"],
  kinds: ["VaultAuthConfig"],
  judge({ object }, { place }) {
    if (place === "local") return []; // Vault runs outside the cluster there
    const isCaIgnored = at(object, "disableLocalCaJwt") === true;
    return [
      mustBe(object, ["kubernetesHost"], "https://kubernetes.default.svc"),
      mustBe(object, ["disableIssValidation"], true),
      isCaIgnored && { path: ["disableLocalCaJwt"], problem: "disableLocalCaJwt is true; set false" },
      isSet(object, "kubernetesCaCert") && {
        path: ["kubernetesCaCert"],
        problem: "sets a CA; remove kubernetesCaCert",
      },
    ];
  },
};

export const vaultRoleAccount: ResourceRule = {
  id: "vault-role-account",
  severity: "high",
  description: "A role is bound to named ServiceAccounts in named namespaces, never to `default`.",
  why: "Every pod that names no account runs as `default`: all pods of a namespace could use reader and writer roles.",
  remediation: "Create a ServiceAccount for the consumer and bind the role to it and its namespace.",
  references: ["https://developer.hashicorp.com/vault/docs/auth/kubernetes"],
  kinds: ["VaultAuthRole"],
  judge: ({ object }) => [
    bound(object, "boundServiceAccountNames", "account", (name) => name === "default" || name.includes("*")),
    bound(object, "boundServiceAccountNamespaces", "namespace", (name) => name.includes("*")),
  ],
};

function bound(object: unknown, key: string, noun: string, isTooWide: (name: string) => boolean): Violations {
  const names = textsOf(object, key);
  if (names.length === 0) return { path: [key], problem: `is bound to no ${noun}; name one` };
  return names.map(
    (name) => isTooWide(name) && { path: [key], problem: `is bound to the ${noun} "${name}"; name each ${noun}` },
  );
}

/** A client of Kubernetes auth can log in again at any time, so it needs no longer token. */
const longestTtlInSeconds = 86_400;

export const vaultRoleTtl: ResourceRule = {
  id: "vault-role-ttl",
  severity: "medium",
  description: "A role sets how long its tokens live: at most a day.",
  why: "Vault's default is 32 days: a token that leaks from a pod is valid for a month.",
  remediation: "Set tokenTtl and tokenMaxTtl, such as 1200 seconds.",
  references: ["https://developer.hashicorp.com/vault/docs/concepts/tokens"],
  kinds: ["VaultAuthRole"],
  judge: ({ object }) =>
    ["tokenTtl", "tokenMaxTtl"].map((key): Violations => {
      const seconds = at(object, key);
      if (typeof seconds !== "number" || seconds <= 0) return { path: [key], problem: `${key} is not set; set it` };
      const problem = `${key} is ${seconds} s; set at most ${longestTtlInSeconds}`;
      return seconds > longestTtlInSeconds && { path: [key], problem };
    }),
};

export const vaultMountCas: ResourceRule = {
  id: "vault-mount-cas",
  severity: "high",
  description: "The mount does not require check-and-set from every writer, and is KV version 2.",
  why: "The client-patcher, reconcilers and PushSecrets write without check-and-set and would all get 400. KV version 1 keeps no history.",
  remediation: "Set casRequired: false on the mount; vault-bootstrap sets cas_required on the secrets that it owns.",
  references: ["https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2"],
  kinds: ["VaultMount"],
  judge({ type, object }) {
    if (type.endsWith(":SecretBackendV2")) {
      const isRequired = at(object, "casRequired") === true;
      return isRequired && { path: ["casRequired"], problem: "casRequired is true for every writer; set false" };
    }
    const version = text(object, "options", "version") ?? "1";
    const isOld = text(object, "type") === "kv" && version !== "2";
    return isOld && { path: ["options", "version"], problem: `is KV version ${version}; set 2` };
  },
};

export const vaultProviderToken: ResourceRule = {
  id: "vault-provider-token",
  severity: "critical",
  description: "Vault's token is not an argument of its provider.",
  why: "The state keeps an argument of a provider, even after the token is revoked.",
  remediation: "Remove token; the provider reads VAULT_TOKEN from its environment.",
  references: ["https://www.pulumi.com/registry/packages/vault/installation-configuration/"],
  kinds: ["VaultProvider"],
  judge: ({ object }) =>
    isSet(object, "token") && {
      path: ["token"],
      problem: "has its token as an argument; remove it and set VAULT_TOKEN",
    },
};

export const vaultAutoCredentials: ResourceRule = {
  id: "vault-auto-credentials",
  severity: "critical",
  description: "Root token and unseal key are in a Secret only in dev and local.",
  why: "Whoever can read Secrets in the namespace controls its Vault. It was meant for dev only, and was found in every environment.",
  remediation: "Unseal with a key service, keep recovery keys outside Kubernetes, and set initialise: false.",
  references: ["https://developer.hashicorp.com/vault/docs/concepts/seal"],
  levels: { staging: "advisory", dev: "off", local: "off" },
  kinds: ["Secret", "ConfigMap"],
  judge({ kind, object }) {
    if (kind === "Secret") {
      const isKeys = text(object, "metadata", "name") === credentialsSecret;
      return isKeys && { path: ["metadata", "name"], problem: "holds Vault's root token and unseal key; remove it" };
    }
    const path = ["data", "config.json"];
    const config = text(object, ...path) ?? "";
    if (!config.includes('"credentialsSecret"')) return [];
    if (/"rootToken":\s*"stored"/.test(config)) {
      const problem = "lets vault-bootstrap store Vault's root token, which never expires; set rootToken: revoked";
      return { path, problem };
    }
    const storesKeys = /"initialise":\s*true/.test(config) || /"unseal":\s*"from-secret"/.test(config);
    return (
      storesKeys && { path, problem: "lets vault-bootstrap store Vault's keys in a Secret; set unseal: kms or manual" }
    );
  },
};
