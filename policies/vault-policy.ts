import { judgeEach, type RuleTable } from "./rule.ts";
import { text } from "./subject/reading.ts";
import { capabilitiesOn, policyPaths, PolicySyntaxError, type PolicyPath } from "./vault-hcl.ts";

const writing = new Set(["create", "update", "patch", "delete", "sudo", "root"]);

/** What follows the mount in a path of KV version 2. @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 */
const endpoints = ["data", "metadata", "delete", "undelete", "destroy", "subkeys", "config"] as const;

export const vaultPolicyRules = {
  "vault-policy-wildcard": {
    severity: "critical",
    description: "A policy names each secret that it gives access to, without a wildcard.",
    why: "A policy on secret/* can read every secret of the environment, also secrets that are added later; secret* and secret/d* do the same.",
    remediation: "Name each path, such as secret/data/ghcr-token; docs/secrets.md lists them.",
    references: ["https://developer.hashicorp.com/vault/docs/concepts/policies"],
    kinds: ["VaultPolicy"],
    judge({ object }) {
      const policy = text(object, "policy") ?? "";
      try {
        return policyPaths(policy).map((entry) => {
          const reason = tooWide(entry);
          return reason !== undefined && { path: ["policy"], problem: `path "${entry.path}" ${reason}` };
        });
      } catch (error) {
        if (!(error instanceof PolicySyntaxError)) throw error;
        const fix = "fix its syntax; vault policy fmt FILE shows where it is wrong";
        return { path: ["policy"], problem: `Vault refuses the policy: ${error.message}`, fix };
      }
    },
  },
  "vault-policy-kv-path": {
    severity: "medium",
    description: "In a policy, data/ or metadata/ follows the mount of KV version 2.",
    why: "Without it the path grants nothing: the policy looks right, but every read is denied. A deny rule of that form denies nothing.",
    remediation: "Write secret/data/NAME for the value and secret/metadata/NAME for its versions.",
    references: ["https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2#acl-rules"],
    kinds: ["VaultPolicy"],
    judge({ object }) {
      return readablePaths(text(object, "policy") ?? "").map(({ path, capabilities }) => {
        const [mount, endpoint = "", ...rest] = path.split("/");
        if (mount !== "secret" || endpoint === "" || isEndpoint(endpoint) || endpoint === "+") return [];
        const isLast = rest.length === 0 && endpoint.endsWith("*");
        if (isLast && endpoints.some((one) => one.startsWith(endpoint.slice(0, -1)))) return [];
        const effect = capabilities.includes("deny") ? "denies nothing" : "grants nothing";
        const right = ["secret", "data", endpoint, ...rest].join("/");
        const problem = `path "${path}" ${effect} on KV version 2; write "${right}"`;
        return { path: ["policy"], problem, fix: `write path "${right}"` };
      });
    },
  },
  "vault-patcher-coverage": {
    severity: "high",
    description: "The client-patcher's policy covers the key of every Keycloak client in the catalogue.",
    why: 'The client-patcher reported "Written successfully", but Vault had nothing: its policy lacked backstage-*, then coder-*, then gitlab-*.',
    remediation:
      "Derive the policy from the catalogue's keycloakClients; each key needs create, update and read on its data path.",
    references: ["P9"],
    kinds: ["VaultPolicy"],
    judgeAll(subjects, { catalogue, environment, vaults = {} }) {
      const mount = (environment === "shared" ? undefined : vaults[environment])?.mount ?? "secret";
      const patchers = subjects.filter(({ object }) => text(object, "name") === "keycloak-client-patcher");
      return judgeEach(patchers, (subject) => {
        const paths = readablePaths(text(subject.object, "policy") ?? "");
        return catalogue.keycloakClients.map(({ clientId, vaultKey }) => {
          const path = `${mount}/data/${vaultKey}`;
          const granted = capabilitiesOn(paths, path);
          const missing = ["create", "read", "update"].filter((one) => !granted.has(one));
          const problem = `lacks ${missing.join(", ")} on "${path}" of the client "${clientId}"`;
          return missing.length > 0 && { subject, path: ["policy"], problem };
        });
      });
    },
  },
} satisfies RuleTable;

/** A wildcard may list names and read configuration, but not read secrets or change permissions. */
function tooWide({ path, capabilities }: PolicyPath): string | undefined {
  if (/^[*+]/.test(path)) return "begins with a wildcard and covers every mount; name the mount and the path";
  if (capabilities.every((one) => one === "deny")) return undefined;
  const writes = capabilities.some((one) => writing.has(one));
  const [mount = "", endpoint, name] = path.split("/");
  if (endpoint === undefined && path.endsWith("*")) {
    return `covers every mount that begins with "${mount.slice(0, -1)}", and every secret in it; name the paths one by one`;
  }
  if (mount === "sys" || mount === "auth" || mount === "identity") {
    const open = /^(?:sys|auth|identity)\/(?:policies\/acl\/|policy\/|mounts\/|auth\/|[^/*+]+\/role\/)?[*+]/.test(path);
    const isRoot = capabilities.includes("sudo") && /\*$|\/\+(?:\/|$)/.test(path);
    return (open && writes) || isRoot ? "lets its holder change any permission; name what it may change" : undefined;
  }
  const everything = `gives access to every secret under "${mount}"; name the paths one by one`;
  if (name !== undefined) {
    const listsOnly = endpoint === "metadata" && !writes;
    const isOpen = /^[*+]/.test(endpoint ?? "") || (isEndpoint(endpoint) && /^[*+]/.test(name));
    return isOpen && !listsOnly ? everything : undefined;
  }
  // a prefix that ends before the name: secret/*, secret/d*, secret/data*
  if (!path.endsWith("*")) return endpoint === "+" ? everything : undefined;
  const covered = endpoints.filter((one) => one !== "config" && one.startsWith(endpoint?.slice(0, -1) ?? ""));
  const holdsValues = covered.some((one) => one !== "metadata");
  return holdsValues || (covered.length > 0 && writes) ? everything : undefined;
}

function isEndpoint(part: string | undefined): boolean {
  return endpoints.some((one) => one === part);
}

/** None for a policy that Vault refuses, which vault-policy-wildcard reports. */
function readablePaths(policy: string): readonly PolicyPath[] {
  try {
    return policyPaths(policy);
  } catch (error) {
    if (error instanceof PolicySyntaxError) return [];
    throw error;
  }
}
