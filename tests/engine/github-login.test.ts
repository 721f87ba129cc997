import assert from "node:assert/strict";
import type { Cluster } from "../../clients/kubernetes.ts";
import { runChain } from "../../cli/deploy/chain.ts";
import { vaultAccess } from "../../cli/operate/connected-stack.ts";
import { Phases } from "../../cli/phases.ts";
import { recordedIo } from "../cli/recorded-io.ts";
import { githubToken } from "../../cli/access/github-login.ts";
import { shortToken, vaultCall, vaultStatus, writePolicies, type ShortToken } from "../../cli/access/vault.ts";
import { VaultGithubLogin } from "../../components/vault.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { Redacted } from "../../domain/redacted.ts";
import { operatorPolicies } from "../../domain/resources/vault-policies.ts";
import { UserError } from "../../domain/user-error.ts";
import { useEngine } from "../support/engine.ts";
import { GithubIssuer } from "../support/github-issuer.ts";
import { openVault } from "../support/open-vault.ts";
import { useServers } from "../support/servers.ts";
import { environmentStack, withGithubLogin } from "../support/stacks.ts";
import { liveProviders, preview, up } from "./live-providers.ts";

const deployer = "ameide-secrets-deployer";
const auditor = "ameide-secrets-auditor";
const deploying = { repository: "ameideio/ameide-secrets", environment: "prod", ref: "refs/heads/main" };

describe("VaultGithubLogin, on OpenBao and with a test issuer", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let issuer: GithubIssuer;
  let root: Redacted;
  let update: ShortToken;
  before(async () => {
    const target = { address: servers().home.vaultUrl };
    root = new Redacted((await openVault(target.address)).rootToken);
    issuer = await GithubIssuer.start();
    await writePolicies(
      target,
      root,
      operatorPolicies({ mount: "secret", authMount: "kubernetes", mayUnmount: false }),
    );
    update = await shortToken({ vault: target, root, policy: deployer, ttl: "10m" });
  });
  after(() => issuer.stop());
  const engine = useEngine("local", () => liveProviders(servers().home, update.token.reveal()));

  function stackWith(changes: { readonly repositoryId?: string } = {}): EnvironmentStack {
    const { vault: place, ...prod } = withGithubLogin(environmentStack("prod"), issuer.url);
    const { githubLogin } = place;
    assert.ok(githubLogin);
    const operatorAddress = servers().home.vaultUrl;
    return { ...prod, vault: { ...place, operatorAddress, githubLogin: { ...githubLogin, ...changes } } };
  }
  const login = (stack: EnvironmentStack) =>
    engine.open(() => Promise.resolve(void new VaultGithubLogin("vault-github", { stack })));
  const vault = <T>(token: Redacted, method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object) =>
    vaultCall<T>({ address: servers().home.vaultUrl }, token, method, `/v1/${path}`, body);
  const asJob = (claims: Readonly<Record<string, string>>, role: string, stack = stackWith()) => {
    issuer.claims = claims;
    return githubToken(stack, role, issuer.jobEnvironment);
  };

  it("is created once, and a second plan has nothing to do", async () => {
    const stack = await login(stackWith());
    assert.deepEqual((await up(stack)).toSorted(), [
      "create ameide-secrets:vault:VaultGithubLogin vault-github",
      "create vault:jwt/authBackend:AuthBackend vault-github-backend",
      `create vault:jwt/authBackendRole:AuthBackendRole vault-github-${auditor}`,
      `create vault:jwt/authBackendRole:AuthBackendRole vault-github-${deployer}`,
    ]);
    assert.deepEqual(await preview(stack), []);
    await stack.refresh();
    assert.deepEqual(await preview(stack), []);
  });

  it("gives a deploying job a token for half an hour with the deployer's policy, and revokes it", async () => {
    const token = await asJob({ ...deploying, actor: "a-person", run_id: "42", sha: "0123" }, deployer);
    assert.ok(token);
    type LookUp = { data: { policies: string[]; ttl: number; explicit_max_ttl: number; meta: Record<string, string> } };
    const { data } = await vault<LookUp>(token.token, "GET", "auth/token/lookup-self");
    assert.deepEqual(data.policies, [deployer, "default"]);
    assert.ok(data.ttl > 1700 && data.ttl <= 1800, String(data.ttl));
    assert.deepEqual(data.meta, { actor: "a-person", run_id: "42", sha: "0123", role: deployer });
    await token.revoke();
    await assert.rejects(vault(token.token, "GET", "auth/token/lookup-self"), (error) => vaultStatus(error) === 403);
  });

  it("gives a job that plans a token that reads no value and changes nothing", async () => {
    const pullRequest = { ...deploying, environment: "prod-plan", ref: "refs/pull/7/merge" };
    const token = await asJob(pullRequest, auditor);
    assert.ok(token);
    for (const path of ["config", `role/${deployer}`]) await vault(token.token, "GET", `auth/github-actions/${path}`);
    for (const [method, path] of [
      ["GET", "secret/data/ghcr-token"],
      ["POST", `auth/github-actions/role/${deployer}`],
      ["PUT", `sys/policies/acl/${auditor}`],
    ] as const)
      await assert.rejects(vault(token.token, method, path, {}), (error) => vaultStatus(error) === 403, path);
  });

  const others: Readonly<Record<string, readonly [role: string, claims: Readonly<Record<string, string>>]>> = {
    "another repository": [deployer, { ...deploying, repository: "somebody/ameide-secrets" }],
    "a repository whose name begins with ours": [
      deployer,
      { ...deploying, repository: `${deploying.repository}-fork` },
    ],
    "another branch": [deployer, { ...deploying, ref: "refs/heads/feature" }],
    "a pull request": [deployer, { ...deploying, ref: "refs/pull/7/merge" }],
    "another environment": [deployer, { ...deploying, environment: "dev" }],
    "the environment that plans": [deployer, { ...deploying, environment: "prod-plan" }],
    "no environment": [deployer, { repository: deploying.repository, ref: deploying.ref }],
    "the environment that deploys, as one that reads": [auditor, deploying],
    "another repository, as one that reads": [auditor, { repository: "somebody/x", environment: "prod-plan" }],
  };
  for (const [what, [role, claims]] of Object.entries(others)) {
    it(`refuses ${what}, and names what is accepted`, async () => {
      const refused = (error: unknown): boolean =>
        error instanceof UserError &&
        error.code === "vault-login-refused" &&
        /: error validating claims: .*\n {2}fix: run the job with repository ameideio\/ameide-secrets, environment prod/.test(
          error.message,
        );
      await assert.rejects(asJob(claims, role), refused);
    });
  }

  it("refuses a token for the Vault of another environment, and one of another issuer", async () => {
    const send = async (jwt: string) =>
      vault(new Redacted(""), "POST", "auth/github-actions/login", { role: deployer, jwt });
    await send(await issuer.token(deploying, "ameide-secrets-vault-prod"));
    await assert.rejects(send(await issuer.token(deploying, "ameide-secrets-vault-dev")), /audience/);
    const other = await GithubIssuer.start();
    try {
      await assert.rejects(send(await other.token(deploying, "ameide-secrets-vault-prod")), /Vault answered 400/);
    } finally {
      other.stop();
    }
  });

  it("prints what to set for a job without the permission, and for one that GitHub refuses", async () => {
    const missing = githubToken(stackWith(), deployer, { GITHUB_ACTIONS: "true" });
    await assert.rejects(missing, /github-token-missing|offers this job no token[\s\S]*id-token: write/);
    const wrong = { ...issuer.jobEnvironment, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "expired" };
    await assert.rejects(githubToken(stackWith(), deployer, wrong), /HTTP 401[\s\S]*id-token: write/);
    assert.equal(await githubToken(stackWith(), deployer, {}), undefined);
    assert.equal(await githubToken(environmentStack("prod"), deployer, issuer.jobEnvironment), undefined);
  });

  /** Makes this process a job of GitHub. @returns what ends it */
  function enterJob(claims: Readonly<Record<string, string>>): () => void {
    issuer.claims = claims;
    const { jobEnvironment } = issuer;
    const before = Object.keys(jobEnvironment).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, jobEnvironment);
    return () => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    };
  }
  const closedCluster = { find: () => Promise.reject(new Error("read the cluster's Secrets")) } as unknown as Cluster;

  for (const [until, policy, environment] of [
    ["preview", auditor, "prod-plan"],
    ["update", deployer, "prod"],
  ] as const) {
    it(`is used by a job's ${until}, instead of the keys in the cluster, and revoked afterwards`, async () => {
      const leave = enterJob({ ...deploying, environment });
      let used: Redacted | undefined;
      const { signal } = new AbortController();
      const run = runChain({
        stack: stackWith(),
        cluster: closedCluster,
        openEngine: async (_register, token) => {
          assert.ok(token);
          const { data } = await vault<{ data: { policies: string[] } }>(token, "GET", "auth/token/lookup-self");
          assert.deepEqual(data.policies, [policy, "default"].toSorted());
          used = token;
          throw new Error("far enough");
        },
        phases: new Phases(recordedIo(), signal),
        signal,
        until,
      });
      try {
        await assert.rejects(run, /far enough/);
        assert.ok(used);
        await assert.rejects(vault(used, "GET", "auth/token/lookup-self"), (error) => vaultStatus(error) === 403);
      } finally {
        leave();
      }
    });
  }

  it("is used by doctor and drift, or reported as the reason why they cannot read Vault", async () => {
    for (const readsValues of [false, true]) {
      const leave = enterJob({ ...deploying, environment: "prod-plan" });
      try {
        const { reader, token } = await vaultAccess(stackWith(), closedCluster, readsValues);
        assert.ok(typeof reader !== "string" && token);
        const { data } = await reader.get<{ data: { policies: string[] } }>("auth/token/lookup-self");
        assert.deepEqual(data.policies, [auditor, "default"]);
        await token.revoke();
        issuer.claims = deploying;
        const refused = await vaultAccess(stackWith(), closedCluster, readsValues);
        assert.ok(typeof refused.reader === "string");
        assert.match(refused.reader, /log in as ameide-secrets-auditor.*environment prod-plan/);
      } finally {
        leave();
      }
    }
  });

  it("binds the repository's number, reverts what somebody widened, and is removed completely", async () => {
    const stack = await login(stackWith({ repositoryId: "77" }));
    assert.equal((await up(stack)).length, 2);
    await assert.rejects(asJob({ ...deploying, repository_id: "78" }, deployer), UserError);
    const path = `auth/github-actions/role/${deployer}`;
    const { data } = await vault<{ data: object }>(root, "GET", path);
    await vault(root, "PUT", path, { ...data, bound_claims: { repository: deploying.repository } });
    await stack.refresh();
    assert.deepEqual(await up(stack), [`update vault:jwt/authBackendRole:AuthBackendRole vault-github-${deployer}`]);
    await assert.rejects(asJob({ ...deploying, repository_id: "78" }, deployer), UserError);

    await stack.destroy();
    const mounts = await vault<{ data: Record<string, unknown> }>(root, "GET", "sys/auth");
    assert.ok(!("github-actions/" in mounts.data));
  });
});
