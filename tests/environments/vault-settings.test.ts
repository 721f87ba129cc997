import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { vaultProviderInputs } from "../../domain/resources/vault-inputs.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import type { LoadInput } from "../../environments/load-input.ts";
import { readEnvironmentVaults } from "../../environments/stack-settings.ts";
import { CertificateAuthority } from "../../local/certificate-authority.ts";
import { judgePlan } from "../../policies/guard.ts";
import { StackFolder } from "./stacks.ts";

describe("resolveVaultSettings", () => {
  const dir = mkdtempSync(join(tmpdir(), "ameide-secrets-ca-"));
  const caKey = join(dir, "ca.key");
  let caPem = "";
  let stacks: StackFolder;
  before(async () => {
    caPem = (await CertificateAuthority.make("company", { certificate: join(dir, "ca.crt"), key: caKey })).pem;
  });
  after(() => rmSync(dir, { recursive: true }));
  beforeEach(() => {
    stacks = new StackFolder();
    stacks.write("company-ca.pem", `# company\n${caPem}`);
  });
  afterEach(() => stacks.delete());

  const setVault = (lines: readonly string[], stack = "dev") =>
    stacks.edit(
      `Pulumi.${stack}.yaml`,
      /ameide-secrets:settings:\n/,
      `ameide-secrets:settings:\n    vault:\n${lines.map((line) => `      ${line}\n`).join("")}`,
    );
  const dev = async (input: Partial<LoadInput> = {}): Promise<EnvironmentStack> => {
    const stack = await stacks.load("dev", input);
    assert.ok(stack.kind === "environment");
    return stack;
  };

  it("reads the GitHub login with its defaults, and refuses settings that would let others log in", async () => {
    setVault(["githubLogin: { repository: ameideio/ameide-secrets }"]);
    assert.deepEqual((await dev()).vault.githubLogin, {
      repository: "ameideio/ameide-secrets",
      ref: "refs/heads/main",
      issuer: "https://token.actions.githubusercontent.com",
    });
    for (const wrong of [
      "repository: ameide-secrets",
      "repository: ameideio/*",
      "repository: a/b, ref: main",
      'repository: a/b, ref: "refs/heads/*"',
      "repository: a/b, ref: refs/pull/1/merge",
      "repository: a/b, repositoryId: 7",
      "repository: a/b, issuer: http://token.example",
      "repository: a/b, audience: x",
    ]) {
      stacks.delete();
      stacks = new StackFolder();
      setVault([`githubLogin: { ${wrong} }`]);
      await assert.rejects(dev(), /vault\.githubLogin/, wrong);
    }
  });

  const company = [
    "address: https://vault.vault-system.svc:8200",
    "caFile: company-ca.pem",
    "namespace: platform/dev",
    "mount: kv/dev",
    "authMount: k8s-dev",
    "kubernetesNamespace: vault-system",
    "statefulSet: vault",
    "serviceAccount: vault-server",
  ];

  it("reads a custom Vault: CA, namespaces, mounts, StatefulSet and ServiceAccount", async () => {
    setVault(company);
    const stack = await dev();
    const { vault, bootstrap } = stack;
    assert.deepEqual(vault, {
      address: "https://vault.vault-system.svc:8200",
      operatorAddress: "https://127.0.0.1:18200",
      namespace: "platform/dev",
      podCa: { pem: `${caPem.trim()}\n` },
      operatorCa: { file: "company-ca.pem", pem: `${caPem.trim()}\n` },
      mount: "kv/dev",
      authMount: "k8s-dev",
      statefulSet: { namespace: "vault-system", name: "vault" },
      serviceAccount: { namespace: "vault-system", name: "vault-server" },
      kubernetesHost: "https://kubernetes.default.svc",
    });
    const { address, namespace, mount, authMount } = bootstrap.config.vault;
    assert.deepEqual(
      [address, namespace, mount, authMount],
      ["https://vault.vault-system.svc:8200", "platform/dev", "kv/dev", "k8s-dev"],
    );
    assert.deepEqual(
      stack.findings.filter(({ stage }) => stage === "vault"),
      [],
    );
  });

  it("is accepted by every rule of the pack", async () => {
    setVault(company);
    const found = judgePlan(await dev(), readCatalogue());
    assert.deepEqual(
      found.filter(({ severity }) => severity === "error"),
      [],
    );
  });

  it("passes the settings of every environment to the rules", () => {
    setVault(company);
    const { dev: own, staging } = readEnvironmentVaults(stacks.root);
    assert.deepEqual(own, {
      address: "https://vault.vault-system.svc:8200",
      namespace: "platform/dev",
      mount: "kv/dev",
      authMount: "k8s-dev",
    });
    assert.deepEqual(staging?.mount, "secret");
  });

  it("gives the provider its CA file and namespace, and for a port-forward the name in the certificate", async () => {
    setVault(company);
    const { vault } = await dev();
    assert.deepEqual(vaultProviderInputs(vault), {
      address: "https://127.0.0.1:18200",
      skipChildToken: true,
      namespace: "platform/dev",
      caCertFile: "company-ca.pem",
      tlsServerName: "vault.vault-system.svc",
    });
    const direct = { ...vault, operatorAddress: "https://vault.example.com" };
    assert.equal(operatorTarget(direct).serverName, undefined);
  });

  it("uses TLS by default if there is a CA", async () => {
    setVault(["caFile: company-ca.pem"]);
    assert.equal((await dev()).vault.address, "https://vault-core-dev.ameide-dev.svc.cluster.local:8200");
  });

  it("accepts a CA from an object in the cluster, and VAULT_CACERT on this machine", async () => {
    setVault(["caFrom: { kind: ConfigMap, name: company-ca, key: ca.crt }"]);
    const { vault } = await dev({ offline: false, vaultCaFile: join(dir, "ca.crt") });
    assert.deepEqual(vault.podCa, { kind: "ConfigMap", name: "company-ca", key: "ca.crt" });
    assert.deepEqual(vault.operatorCa, { pem: `${caPem.trim()}\n` });
    assert.equal(vaultProviderInputs(vault).caCertFile, undefined); // it reads the variable
  });

  it("warns about a Vault without TLS, and says why", async () => {
    const finding = (await dev()).findings.find(({ code }) => code === "vault-plain-http");
    assert.equal(finding?.severity, "warning");
    assert.match(finding?.problem ?? "", /tokens and every secret cross the cluster's network in clear text/);
    assert.ok(!(await stacks.load("local")).findings.some(({ code }) => code === "vault-plain-http"));
  });

  const refused: readonly [string, readonly string[], Partial<LoadInput>, readonly string[]][] = [
    ["a CA file that is missing", ["caFile: none.pem"], {}, ["vault-ca-invalid Pulumi.dev.yaml: vault.caFile none.pem cannot be read"]],
    ["a file with the key of the CA", ["caFile: key.pem"], {}, ["vault-ca-invalid Pulumi.dev.yaml: vault.caFile key.pem contains a private key, which would be copied into the cluster"]],
    ["a file without a certificate", ["caFile: .env.example"], {}, ["vault-ca-invalid Pulumi.dev.yaml: vault.caFile .env.example contains no certificate"]],
    ["a CA without TLS", ["address: http://vault:8200", "caFile: company-ca.pem"], {}, ["vault-ca-without-tls Pulumi.dev.yaml: vault.address is http://vault:8200, so the CA of vault.caFile is never used"]],
    ["a VAULT_NAMESPACE that only the provider would use", [], { vaultNamespace: "other" }, ["vault-namespace-differs Pulumi.dev.yaml: VAULT_NAMESPACE is other, and vault.namespace is not set"]],
  ]; // prettier-ignore
  for (const [what, lines, input, expected] of refused) {
    it(`refuses ${what}`, async () => {
      stacks.write("key.pem", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
      if (lines.length > 0) setVault(lines);
      assert.deepEqual(await stacks.refusal("dev", input), expected);
    });
  }

  it("allows two environments to share a Vault only in separate namespaces", async () => {
    setVault(["address: https://vault.example.com", "namespace: dev"]);
    setVault(["address: https://vault.example.com", "namespace: staging"], "staging");
    assert.deepEqual(await stacks.refusal("dev"), []);
    stacks.edit("Pulumi.staging.yaml", "namespace: staging", "namespace: dev");
    assert.match((await stacks.refusal("dev")).join("\n"), /vault-role-collides/);
  });
});
