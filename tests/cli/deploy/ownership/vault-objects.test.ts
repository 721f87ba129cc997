import assert from "node:assert/strict";
import { previewStack } from "../../../../cli/deploy/engine/deploy.ts";
import { registerStack } from "../../../../chain.ts";
import { vaultReader } from "../../../../diagnose/observe/access.ts";
import { identityId } from "../../../../domain/resources/azure-inputs.ts";
import type { Adopted, EnvironmentStack } from "../../../../domain/plan/environment.ts";
import type { Finding } from "../../../../domain/finding.ts";
import { Redacted } from "../../../../domain/redacted.ts";
import { AzureRig } from "../../../stand-ins/azure/rig.ts";
import { useEngine, type Program } from "../../../support/engine.ts";
import { GithubIssuer } from "../../../support/github-issuer.ts";
import { openVault } from "../../../support/open-vault.ts";
import { useServers } from "../../../support/servers.ts";
import { azure as place, environmentStack, withGithubLogin } from "../../../support/stacks.ts";
import { up } from "../../../engine/live-providers.ts";
import { foundBy, offered } from "./found-by.ts";

describe("refuseForeign, with a Vault that is in use", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let token = "";
  let issuer: GithubIssuer;
  before(async () => (issuer = await GithubIssuer.start()));
  after(() => issuer.stop());

  async function vault<T = { data: Record<string, unknown> }>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${servers().home.vaultUrl}/v1/${path}`, {
      method,
      headers: { "x-vault-token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  /** What a platform has that ran the seed's shell job for a year. */
  before(async () => {
    token = (await openVault(servers().home.vaultUrl)).rootToken;
    await vault("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" }, description: "live" });
    await until(() => vault("POST", "secret/config", { max_versions: 3 }));
    await vault("POST", "secret/data/platform-app-client-secret", { data: { value: "theirs" } });
    await vault("POST", "sys/auth/kubernetes", { type: "kubernetes", description: "live" });
    await vault("POST", "auth/kubernetes/config", { kubernetes_host: "https://10.0.0.1", kubernetes_ca_cert: "pem" });
    await vault("PUT", "sys/policies/acl/keycloak-client-patcher", { policy: 'path "secret/*" {}' });
    await vault("POST", "sys/auth/github-actions", { type: "jwt", description: "live" });
    await vault("POST", "auth/github-actions/config", { oidc_discovery_url: issuer.url });
    await vault("POST", "auth/github-actions/role/ameide-secrets-deployer", {
      role_type: "jwt",
      user_claim: "sub",
      bound_audiences: ["theirs"],
      token_policies: ["theirs"],
      bound_claims: { repository: "somebody/else" },
    });
  });

  let rig: AzureRig;
  before(async () => {
    rig = await AzureRig.start({ tenantId: place.tenantId, subscriptionId: place.subscriptionId });
    await rig.arm("PUT", `/subscriptions/${place.subscriptionId}/resourceGroups/Ameide`, { location: "westeurope" });
    await rig.arm("PUT", `${identityId(place)}?api-version=2023-01-31`, { location: "westeurope" });
  });
  const engine = useEngine("dev", () => ({
    mode: "live",
    vault: { address: servers().home.vaultUrl, token },
    azure: { endpoint: rig.azure.origin, caPem: rig.azure.caPem, operatorToken: rig.azure.operatorToken },
  }));
  after(() => rig.stop());

  /** In `gitops`, so that it asks no cluster. */
  const stackWith = (adopt: Adopted): EnvironmentStack => {
    const { strictness, vault: server, ...rest } = withGithubLogin(environmentStack("dev"), issuer.url);
    const operatorAddress = servers().home.vaultUrl;
    return { ...rest, adopt, strictness: { ...strictness, delivery: "gitops" }, vault: { ...server, operatorAddress } };
  };
  const program =
    (plan: EnvironmentStack): Program =>
    () =>
      Promise.resolve(registerStack(plan, { shared: { bootstrapClientId: "client" } }));
  const findings = async (plan: EnvironmentStack): Promise<readonly Finding[]> => {
    const run = { policyPacks: [], signal: new AbortController().signal };
    const { changes } = await previewStack(await engine.open(program(plan)), run);
    return foundBy(changes, plan, { vault: vaultReader({ address: plan.vault.operatorAddress }, new Redacted(token)) });
  };
  const theirs = async () => ({
    mount: (await vault("GET", "sys/mounts")).data["secret/"],
    config: (await vault("GET", "secret/config")).data,
    auth: (await vault("GET", "auth/kubernetes/config")).data,
    policy: (await vault("GET", "sys/policies/acl/keycloak-client-patcher")).data,
    github: (await vault("GET", "auth/github-actions/config")).data,
    githubRole: (await vault("GET", "auth/github-actions/role/ameide-secrets-deployer")).data,
    value: (await vault("GET", "secret/data/platform-app-client-secret")).data,
  });

  it("refuses everything that exists and is not ours, together, with what differs and the line that adopts it", async () => {
    const found = await findings(stackWith({}));
    assert.deepEqual(found.map(({ code, subject }) => `${code} ${subject}`).toSorted(), [
      "vault-config-differs auth/kubernetes/config",
      "vault-config-differs secret/config",
      "vault-mount-exists github-actions",
      "vault-mount-exists kubernetes",
      "vault-mount-exists secret",
      "vault-policy-exists keycloak-client-patcher",
      "vault-role-exists ameide-secrets-deployer",
    ]);
    assert.match(found.find(({ subject }) => subject === "secret/config")?.problem ?? "", /max_versions is 3, not 10$/);
    assert.deepEqual(offered(found), adoptedLines);
  });

  it("passes with the printed lines in the stack file, and the update changes none of it", async () => {
    const before = await theirs();
    const plan = stackWith(offered(await findings(stackWith({}))));
    assert.deepEqual(await findings(plan), []);
    const steps = await up(await engine.open(program(plan)));
    assert.deepEqual(steps.filter((step) => step.startsWith("import ")).toSorted(), [
      "import vault:index/authBackend:AuthBackend vault-auth-backend",
      "import vault:index/mount:Mount vault-engine-kv",
      "import vault:index/policy:Policy vault-engine-keycloak-client-patcher",
      "import vault:jwt/authBackend:AuthBackend vault-github-backend",
      "import vault:jwt/authBackendRole:AuthBackendRole vault-github-ameide-secrets-deployer",
      "import vault:kubernetes/authBackendConfig:AuthBackendConfig vault-auth-config",
      "import vault:kv/secretBackendV2:SecretBackendV2 vault-engine-kv-config",
    ]);
    assert.deepEqual(await theirs(), before);
    assert.deepEqual((await vault("GET", "auth/kubernetes/role/ameide-secrets-bootstrap")).data["token_policies"], [
      "ameide-secrets-bootstrap",
    ]);
  });

  it("plans nothing more, and a destroy leaves in place what was adopted", async () => {
    const before = await theirs();
    const stack = await engine.open(program(stackWith(adoptedLines)));
    assert.deepEqual(
      (await previewStack(stack, { policyPacks: [], signal: new AbortController().signal })).changes,
      [],
    );
    await stack.destroy({ excludeProtected: true });
    assert.deepEqual(await theirs(), before);
  });
});

const adoptedLines: Adopted = {
  "vault-auth-backend": "kubernetes",
  "vault-auth-config": "auth/kubernetes/config",
  "vault-engine-kv": "secret",
  "vault-engine-kv-config": "secret/config",
  "vault-engine-keycloak-client-patcher": "keycloak-client-patcher",
  "vault-github-backend": "github-actions",
  "vault-github-ameide-secrets-deployer": "auth/github-actions/role/ameide-secrets-deployer",
};

/** A new KV v2 mount upgrades itself for a moment, and refuses everything meanwhile. */
async function until(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const refused = await work().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (refused === undefined) return;
    if (!/Upgrading|upgrading/.test(refused.message)) throw refused;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
