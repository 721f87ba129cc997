import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import { readInvocation } from "../../bootstrap/invocation.ts";

const config = {
  environment: "dev",
  namespace: "ameide-dev",
  vault: {
    address: "http://vault-core-dev.ameide-dev.svc.cluster.local:8200",
    mount: "secret",
    authMount: "kubernetes",
    role: "ameide-secrets-bootstrap",
    initialise: false,
    rootToken: "revoked",
    unseal: "kms",
    credentialsSecret: "vault-auto-credentials",
  },
  source: {
    type: "azure-key-vault",
    uri: "https://ameidekv.vault.azure.net/",
    disableInstanceDiscovery: false,
    disableChallengeResourceVerification: false,
  },
  secrets: [],
  mappedSecrets: [],
  deliveries: [],
  fixtures: { values: [], placeholders: [] },
  fixturesAllowed: true,
  expiredRefused: false,
  claimUnmarked: false,
  statusConfigMap: "vault-bootstrap-status",
  lease: "vault-bootstrap",
  deadlineInSeconds: 285,
};

describe("readInvocation", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-invocation-"));
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  const pod = (content: unknown, changes: Record<string, string | undefined> = {}) => {
    const file = join(dir, "config.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return {
      VAULT_BOOTSTRAP_CONFIG: file,
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      AZURE_CLIENT_ID: "client",
      AZURE_TENANT_ID: "tenant",
      AZURE_FEDERATED_TOKEN_FILE: "/token",
      ...changes,
    };
  };
  const problemOf = async (
    argv: readonly string[],
    environment: Record<string, string | undefined>,
  ): Promise<string> => {
    try {
      await readInvocation(argv, environment);
    } catch (error) {
      if (error instanceof BootstrapFailure && error.code === "bad-configuration") return error.problem;
      throw error;
    }
    return "none";
  };

  it("reads flags, environment and configuration as the pod has them", async () => {
    const invocation = await readInvocation(["--wait-for-propagation"], pod(config));
    assert.deepEqual(invocation.config, config);
    assert.equal(invocation.waitForPropagation, true);
    assert.equal(invocation.dryRun, false);
    assert.equal(invocation.untilUnsealed, false);
    assert.equal(invocation.kubernetesAddress, "https://10.0.0.1:443");
    assert.equal(invocation.serviceAccountDir, "/var/run/secrets/kubernetes.io/serviceaccount");
    assert.deepEqual(invocation.azure, { clientId: "client", tenantId: "tenant", tokenFile: "/token" });
  });

  it("puts an IPv6 API server in brackets", async () => {
    const { kubernetesAddress } = await readInvocation([], pod(config, { KUBERNETES_SERVICE_HOST: "fd00::1" }));
    assert.equal(kubernetesAddress, "https://[fd00::1]:443");
  });

  it("reports every mistake of the configuration at once, including unknown keys", async () => {
    const problem = await problemOf([], pod({ ...config, lease: 1, deadlineInSeconds: "soon", extra: true }));
    for (const key of ["lease", "deadlineInSeconds", "extra"]) assert.match(problem, new RegExp(key));
  });

  it("fails if the configuration is missing or not JSON, naming the file", async () => {
    assert.match(await problemOf([], pod("{")), /config\.json: /);
    assert.match(await problemOf([], pod(config, { VAULT_BOOTSTRAP_CONFIG: "/nowhere" })), /\/nowhere/);
  });

  it("reports all missing variables together, Azure's only if Azure is the source", async () => {
    const bare = { KUBERNETES_SERVICE_HOST: undefined, AZURE_CLIENT_ID: "", AZURE_TENANT_ID: undefined };
    assert.equal(
      await problemOf([], pod(config, bare)),
      "KUBERNETES_SERVICE_HOST is not set; AZURE_CLIENT_ID is not set; AZURE_TENANT_ID is not set",
    );
    const source = { type: "kubernetes-secret", name: "a", key: "b" };
    assert.equal(await problemOf([], pod({ ...config, source }, bare)), "KUBERNETES_SERVICE_HOST is not set");
  });

  it("fails on an unknown flag", async () => {
    assert.match(await problemOf(["--dryrun"], pod(config)), /dryrun/);
    assert.match(await problemOf(["--until=sealed"], pod(config)), /--until must be unsealed, but is sealed/);
  });
});
