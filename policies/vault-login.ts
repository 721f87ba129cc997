import type { ResourceRule } from "./rule.ts";
import { at, isRecord, list, text } from "./subject/reading.ts";

/** Claims that name one workload of an issuer: of GitHub Actions, GitLab CI, and of any issuer. */
const identifying = ["repository", "repository_id", "project_path", "project_id", "sub"];

/** One hour: a pipeline gets a new token whenever it runs. */
const longestTtlInSeconds = 3600;

export const vaultLoginBound: ResourceRule = {
  id: "vault-login-bound",
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
        if (seconds > 0 && seconds <= longestTtlInSeconds) return false;
        const is = seconds > 0 ? `${seconds} s` : "not set";
        return { path: [key], problem: `${key} is ${is}; set at most ${longestTtlInSeconds}` };
      }),
    ];
  },
};

export const vaultLoginIssuer: ResourceRule = {
  id: "vault-login-issuer",
  severity: "high",
  description: "A JWT auth method names the issuer that it trusts, and gets its keys by TLS.",
  why: "Without a bound issuer any token signed with a known key is accepted; keys that come by http can be replaced on the way.",
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
};
