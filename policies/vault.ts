import { mustBe, type Violations, type RuleTable, judgeEach } from "./rule.ts";
import { at, isSet, text, textsOf, isRecord, list } from "./subject/reading.ts";
import { resolveVaultPath } from "./subject/vault-path.ts";
import { credentialsSecret } from "../domain/names.ts";
import { ofKind, type Subject } from "./subject/subject.ts";

/** One day: a client of Kubernetes auth can log in again at any time. */
const longestRoleTtl = 86_400;

/** Claims that name one workload of an issuer: of GitHub Actions, GitLab CI, and of any issuer. */
const identifying = ["repository", "repository_id", "project_path", "project_id", "sub"];

/** One hour: a pipeline gets a new token whenever it runs. */
const longestJwtTtl = 3600;

const kubernetesAuth = ["spec", "provider", "vault", "auth", "kubernetes"];

export const vaultRules = {
  "vault-reviewer-token": {
    severity: "critical",
    description: "Vault's Kubernetes auth has no reviewer token of its own.",
    why: "A token that is projected into a pod expires with the pod. It once locked every SecretStore of the cluster out with 403.",
    remediation:
      "Remove token_reviewer_jwt and set disable_local_ca_jwt=false: Vault then reviews with its own account.",
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
  },
  "vault-auth-config": {
    severity: "high",
    description: "Vault asks its own cluster, with its own account and the cluster's own CA.",
    why: "A host, CA or issuer that is set explicitly stays when the cluster is rebuilt: then no store can log in.",
    remediation:
      "Set kubernetes_host=https://kubernetes.default.svc, disable_iss_validation=true, disable_local_ca_jwt=false, and no CA.",
    references: ["https://developer.hashicorp.com/vault/docs/auth/kubernetes"],
    kinds: ["VaultAuthConfig"],
    judge({ object }, { environment }) {
      if (environment === "local") return []; // Vault runs outside the cluster there
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
  },
  "vault-role-account": {
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
  },
  "vault-role-ttl": {
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
        const problem = `${key} is ${seconds} s; set at most ${longestRoleTtl}`;
        return seconds > longestRoleTtl && { path: [key], problem };
      }),
  },
  "vault-mount-cas": {
    severity: "high",
    description: "The mount is KV version 2 and does not require check-and-set from every writer.",
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
  },
  "vault-provider-token": {
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
  },
  "vault-auto-credentials": {
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
      const problem = "lets vault-bootstrap store Vault's keys in a Secret; set unseal: kms or manual";
      return storesKeys && { path, problem };
    },
  },
  "vault-login-bound": {
    severity: "critical",
    description:
      "A JWT role accepts only tokens for this Vault, of one named repository or subject, for at most an hour.",
    why: "The issuer of a CI service signs tokens for every customer: a role that names no repository lets all of them in.",
    remediation:
      "Set boundAudiences, boundClaims.repository (or boundSubject) without wildcards, tokenTtl and tokenMaxTtl.",
    references: [
      "https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-hashicorp-vault",
      "https://developer.hashicorp.com/vault/docs/auth/jwt",
    ],
    kinds: ["VaultJwtRole"],
    judge({ object }) {
      if (text(object, "roleType") !== "jwt") return []; // people who log in with a browser, Vault's default
      const claims = at(object, "boundClaims");
      const bound = isRecord(claims) ? Object.keys(claims) : [];
      const names = text(object, "boundSubject") !== undefined || identifying.some((claim) => bound.includes(claim));
      const isGlob = text(object, "boundClaimsType") === "glob";
      return [
        list(object, "boundAudiences").length === 0 && {
          path: ["boundAudiences"],
          problem: "accepts tokens that were issued for other services; set boundAudiences",
        },
        !names && {
          path: ["boundClaims"],
          problem: "accepts every repository of the issuer; bind the claim repository, or set boundSubject",
        },
        bound.map((claim) => {
          const value = text(claims, claim);
          const isWild = isGlob && value?.includes("*") === true;
          return isWild && { path: ["boundClaims", claim], problem: `binds ${claim} to "${value}"; name each value` };
        }),
        ["tokenTtl", "tokenMaxTtl"].map((key) => {
          const seconds = Number(at(object, key) ?? 0);
          if (seconds > 0 && seconds <= longestJwtTtl) return false;
          const is = seconds > 0 ? `${seconds} s` : "not set";
          return { path: [key], problem: `${key} is ${is}; set at most ${longestJwtTtl}` };
        }),
      ];
    },
  },
  "vault-login-issuer": {
    severity: "high",
    description: "A JWT auth method names the issuer that it trusts, and gets its keys over TLS.",
    why: "Without a bound issuer any token signed with a known key is accepted; keys that are fetched over plain http can be replaced in transit.",
    remediation: "Set boundIssuer, and https addresses for oidcDiscoveryUrl and jwksUrl.",
    references: ["https://developer.hashicorp.com/vault/api-docs/auth/jwt#bound_issuer"],
    levels: { local: "advisory" },
    kinds: ["VaultJwtBackend"],
    judge({ object }) {
      return [
        text(object, "type") !== "oidc" &&
          text(object, "boundIssuer") === undefined && {
            path: ["boundIssuer"],
            problem: "boundIssuer is not set; set the issuer of the tokens",
          },
        ["oidcDiscoveryUrl", "jwksUrl"].map((key) => {
          const url = text(object, key);
          return url?.startsWith("http:") === true && { path: [key], problem: `${key} is ${url}; use https` };
        }),
      ];
    },
  },
  "vault-role-audience": {
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
  },
  "store-role-covers": {
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
  },
} satisfies RuleTable;

/** Vault refuses a body that is not JSON, so such a body sets nothing. */
function jsonOf(body = "{}"): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function bound(object: unknown, key: string, noun: string, isTooWide: (name: string) => boolean): Violations {
  const names = textsOf(object, key);
  if (names.length === 0) return { path: [key], problem: `is bound to no ${noun}; name one` };
  return names.map(
    (name) => isTooWide(name) && { path: [key], problem: `is bound to the ${noun} "${name}"; name each ${noun}` },
  );
}

function loginOf({ object }: Subject) {
  return {
    namespace: text(object, "metadata", "namespace"),
    role: text(object, ...kubernetesAuth, "role"),
    account: text(object, ...kubernetesAuth, "serviceAccountRef", "name"),
    audiences: textsOf(object, ...kubernetesAuth, "serviceAccountRef", "audiences"),
  };
}
