import { objectIn, HttpClient } from "../../clients/http.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { githubAuthMount, githubAudience, githubRoles } from "../../domain/resources/vault-policies.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { revocable, vaultCall, vaultStatus, type ShortToken } from "./vault.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Logs this job of GitHub Actions in to Vault with the token that GitHub issues to the job. Returns nothing outside of
 * GitHub Actions, and where the stack has no `vault.githubLogin`.
 *
 * @param role - `ameide-secrets-deployer` or `ameide-secrets-auditor`.
 * @throws UserError `github-token-missing` where the job may not ask for a token, `github-token-refused` where GitHub gives
 *   none, `vault-login-refused` where Vault does not accept it, and as {@link vaultCall}.
 */
export async function githubToken(
  stack: EnvironmentStack,
  role: string,
  environment: Environment,
): Promise<ShortToken | undefined> {
  const bound = githubRoles(stack).find(({ name }) => name === role);
  if (bound === undefined || environment["GITHUB_ACTIONS"] !== "true") return undefined;
  const jwt = await idToken(githubAudience(stack.name), environment);
  const target = operatorTarget(stack.vault);
  const path = `/v1/auth/${githubAuthMount}/login`;
  const login = vaultCall<{ auth: { client_token: string } }>(target, undefined, "POST", path, {
    role,
    jwt: jwt.reveal(),
  });
  const answer = await login.catch((error: unknown) => {
    if (!(error instanceof UserError) || ![400, 403].includes(vaultStatus(error) ?? 0)) throw error;
    const claims = Object.entries(bound.boundClaims).map(([claim, value]) => `${claim} ${value}`);
    throw UserError.of(
      "vault-login-refused",
      `Vault does not let this job log in as ${role}: ${(error.cause as Error).message}`,
      `run the job with ${claims.join(", ")}; or correct vault.githubLogin of Pulumi.${stack.name}.yaml, then: ameide-secrets up --stack ${stack.name}`,
      { cause: error },
    );
  });
  return revocable(target, new Redacted(answer.auth.client_token));
}

/** @see https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token */
async function idToken(audience: string, environment: Environment): Promise<Redacted> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = environment;
  const fix = "give the job `permissions: { id-token: write }`; a pull request of a fork never gets a token";
  if (!url || !bearer) {
    const problem = "vault.githubLogin is set, and GitHub offers this job no token to log in with";
    throw UserError.of("github-token-missing", problem, fix);
  }
  const { origin, pathname, searchParams } = new URL(url);
  searchParams.set("audience", audience);
  const client = new HttpClient(origin, { timeoutInMs: 15_000, headers: { authorization: `bearer ${bearer}` } });
  try {
    const { status, body } = await client.request("GET", `${pathname}?${searchParams.toString()}`);
    const { value } = objectIn(body);
    if (status === 200 && typeof value === "string") return new Redacted(value);
    throw UserError.of("github-token-refused", `GitHub answered HTTP ${status} in place of a token of the job`, fix);
  } finally {
    client.close();
  }
}
