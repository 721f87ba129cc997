import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { EnvironmentStack, SharedStack } from "../../domain/plan/environment.ts";
import { bundleBootstrap } from "../../environments/bundle.ts";
import { cataloguePath } from "../../environments/catalogue.ts";
import type { UserError } from "../../domain/user-error.ts";
import type { LoadInput } from "../../environments/load-input.ts";
import { load } from "../../environments/index.ts";
import { StackFolder } from "./stacks.ts";

describe("load", () => {
  let stacks: StackFolder;
  beforeEach(() => (stacks = new StackFolder()));
  afterEach(() => stacks.delete());

  const environment = async (name: string, input: Partial<LoadInput> = {}): Promise<EnvironmentStack> => {
    const stack = await stacks.load(name, input);
    assert.ok(stack.kind === "environment");
    return stack;
  };
  const shared = async (): Promise<SharedStack> => {
    const stack = await stacks.load("shared");
    assert.ok(stack.kind === "shared");
    return stack;
  };

  it("uses the names of document 451 in every environment", async () => {
    for (const name of ["dev", "staging", "prod"]) {
      const { namespace, federated, vault, bootstrap, azure, plan } = await environment(name);
      assert.equal(namespace, `ameide-${name}`);
      assert.equal(federated.name, `vault-bootstrap-${name}`);
      assert.equal(
        federated.subject,
        `system:serviceaccount:ameide-${name}:foundation-vault-bootstrap-vault-bootstrap`,
      );
      assert.equal(federated.audience, "api://AzureADTokenExchange");
      assert.equal(vault.address, `http://vault-core-${name}.ameide-${name}.svc.cluster.local:8200`);
      assert.deepEqual(vault.serviceAccount, { namespace: `ameide-${name}`, name: `vault-core-${name}` });
      assert.equal(vault.kubernetesHost, "https://kubernetes.default.svc");
      assert.equal(bootstrap.name, "foundation-vault-bootstrap-vault-bootstrap");
      assert.deepEqual(
        [azure.keyVault, azure.resourceGroup, azure.identity],
        ["ameidekv", "Ameide", "ameide-vault-bootstrap-mi"],
      );
      assert.equal(azure.keyVaultUri, "https://ameidekv.vault.azure.net/");
      assert.equal(plan.stores[0]?.name, "ameide-vault");
      assert.ok(plan.deliveries.some(({ name: made, target }) => made === "ghcr-pull-sync" && target === "ghcr-pull"));
    }
  });

  it("takes an empty path of the kubeconfig for the default", async () => {
    stacks.edit("Pulumi.dev.yaml", /( *)context: /, '$1kubeconfig: ""\n$1context: ');
    assert.equal("kubeconfig" in (await environment("dev")).cluster, false);
  });

  it("counts the federated credentials of every environment in shared", async () => {
    assert.deepEqual(
      (await shared()).federatedSubjects.map(({ name }) => name),
      ["vault-bootstrap-dev", "vault-bootstrap-staging", "vault-bootstrap-prod"],
    );
  });

  it("reads no value for a stack with values by env push", async () => {
    stacks.write(".env", "GHCR_TOKEN=abcdefgh\nNOT IN ORDER");
    assert.equal((await shared()).keyVaultSecrets.size, 0);
  });

  it("uses the prefix of shared in Key Vault names and the bootstrap's sources: not set, empty and set", async () => {
    const names = async (): Promise<unknown> => {
      const { plan, bootstrap, secretPrefix } = await environment("dev");
      const [first] = plan.secrets;
      const [carried] = bootstrap.config.secrets;
      assert.deepEqual([(await shared()).secretPrefix], [secretPrefix]);
      return [first?.keyVaultName, carried?.source, carried?.path, secretPrefix];
    };
    assert.deepEqual(await names(), ["ghcr-token", "ghcr-token", "ghcr-token", ""]);
    stacks.edit("Pulumi.shared.yaml", 'secretPrefix: ""', "secretPrefix: ci-");
    assert.deepEqual(await names(), ["ci-ghcr-token", "ci-ghcr-token", "ghcr-token", "ci-"]);
    stacks.edit("Pulumi.shared.yaml", /^ *secretPrefix: ci-$/m, "");
    assert.deepEqual(await names(), ["env-ghcr-token", "env-ghcr-token", "ghcr-token", undefined]);
  });

  it("contains the bundle of vault-bootstrap", async () => {
    assert.equal((await environment("dev")).bootstrap.bundle, await bundleBootstrap());
  });

  it("warns of the example ids of this repository, unless offline", async () => {
    const subjects = async (stack: string, offline: boolean): Promise<readonly string[]> =>
      (await stacks.load(stack, { offline })).findings
        .filter(({ code }) => code === "settings-example")
        .map(({ subject }) => subject);
    assert.deepEqual(await subjects("shared", false), ["azure.tenantId", "azure.subscriptionId"]);
    assert.deepEqual(await subjects("dev", false), ["cluster.oidcIssuer"]);
    assert.deepEqual(await subjects("dev", true), []);
    stacks.edit(
      "Pulumi.dev.yaml",
      /oidcIssuer: .*/,
      "oidcIssuer: https://issuer.example/0fa1b2c3-4d5e-4f60-8a7b-9c0d1e2f3a4b/",
    );
    assert.deepEqual(await subjects("dev", false), []);
  });

  it("reports a missing setting with the command that prints it", async () => {
    stacks.edit("Pulumi.dev.yaml", /^ *oidcIssuer: .*$/m, "");
    await assert.rejects(stacks.load("dev"), /cluster\.oidcIssuer is missing\n {2}fix: set the output of: az aks show/);
  });

  describe("of local", () => {
    it("uses the sample values of .env.example, with the prefix: not set, empty and set", async () => {
      const names = async (): Promise<unknown> => {
        const { shared: part } = await environment("local", { envFiles: [".env.example"] });
        return [...(part?.keyVaultSecrets.keys() ?? [])].slice(0, 2);
      };
      assert.deepEqual(await names(), ["ghcr-username", "ghcr-token"]);
      stacks.edit("Pulumi.local.yaml", 'secretPrefix: ""', "secretPrefix: ci-");
      assert.deepEqual(await names(), ["ci-ghcr-username", "ci-ghcr-token"]);
      stacks.edit("Pulumi.local.yaml", /^ *secretPrefix: ci-$/m, "");
      assert.deepEqual(await names(), ["env-ghcr-username", "env-ghcr-token"]);
    });

    it("derives every address from portBase", async () => {
      stacks.edit("Pulumi.local.yaml", "portBase: 28200", "portBase: 30000");
      const { vault, azure, federated, cluster } = await environment("local");
      assert.equal(vault.address, "http://127.0.0.1:30000");
      assert.equal(vault.kubernetesHost, "https://127.0.0.1:30002");
      assert.equal(azure.keyVaultUri, "https://127.0.0.1:30008/");
      assert.equal(azure.authorityHost, "https://127.0.0.1:30008/");
      assert.equal(federated.issuer, "https://127.0.0.1:30002");
      assert.equal(cluster.context, "ameide-local");
    });

    it("uses the certificates of the local environment's folder", async () => {
      const home = join(stacks.root, "home");
      for (const folder of ["azure", "kubernetes"]) {
        mkdirSync(join(home, folder), { recursive: true });
        writeFileSync(join(home, folder, "ca.crt"), `PEM of ${folder}`);
      }
      const { vault, azure, cluster } = await environment("local", { localHome: home, offline: false });
      assert.deepEqual([azure.extraCaPem, vault.kubernetesCaPem], ["PEM of azure", "PEM of kubernetes"]);
      assert.equal(cluster.kubeconfig, join(home, "kubeconfig"));
    });

    it("fails without those certificates unless offline, with the command that makes them", async () => {
      const [message = ""] = await stacks.refusal("local", { localHome: join(stacks.root, "none"), offline: false });
      assert.match(message, /no certificate .*ca\.crt\n {2}fix: start it first: ameide-secrets local up/);
      assert.deepEqual(await stacks.refusal("local"), []);
    });

    it("contains values that nothing prints", async () => {
      stacks.write(".env", "GHCR_TOKEN=canary-of-load");
      const stack = await environment("local");
      assert.equal(stack.shared?.keyVaultSecrets.get("ghcr-token")?.reveal(), "canary-of-load");
      assert.doesNotMatch(inspect(stack, { depth: null }) + JSON.stringify(stack), /canary-of-load/);
    });

    it("keeps what the files leave out, also without any file", async () => {
      stacks.write(".env", "GHCR_TOKEN=abcdefgh");
      assert.deepEqual([...((await environment("local")).shared?.keyVaultSecrets.keys() ?? [])], ["ghcr-token"]);
      stacks.remove(".env");
      assert.equal((await environment("local")).shared?.keyVaultSecrets.size, 0);
    });

    it("fails with every error of .env at once", async () => {
      stacks.write(".env", "GHCR_TOKEN=\nREDIS_PASSWORD=x\nGHCR_USERNAME=changeme");
      assert.deepEqual(
        (await stacks.refusal("local")).map((line) => line.split(":").slice(0, 2).join(":")),
        ["dotenv-empty .env:1", "dotenv-cluster-managed .env:2", "dotenv-placeholder .env:3"],
      );
    });

    it("refuses a named file that does not exist, with the command that creates it", async () => {
      assert.deepEqual(await stacks.refusal("local", { envFiles: [".env.mine"] }), [
        "dotenv-file-missing .env.mine: file .env.mine not found",
      ]);
    });
  });

  describe("with bad settings", () => {
    it("fails with every mistake of its own file and of shared at once, each with its line", async () => {
      stacks.edit("Pulumi.dev.yaml", /context: .*/, "context: 7\n      colour: red");
      stacks.edit("Pulumi.dev.yaml", /oidcIssuer: .*/, "oidcIsuer: https://issuer.example");
      stacks.edit("Pulumi.shared.yaml", /^ *subscriptionId: .*/m, "      subscriptionId: mine");
      assert.deepEqual(await stacks.refusal("dev"), [
        "settings-invalid Pulumi.dev.yaml:5: cluster.context is 7",
        "settings-invalid Pulumi.dev.yaml:4: cluster.oidcIssuer is missing",
        "settings-invalid Pulumi.dev.yaml:6: cluster.colour is not a known key",
        "settings-invalid Pulumi.dev.yaml:8: cluster.oidcIsuer is not a known key",
        'settings-invalid Pulumi.shared.yaml:7: azure.subscriptionId is "mine"',
      ]);
    });

    it("names the stage of the section that an unknown key is in", async () => {
      stacks.edit("Pulumi.dev.yaml", "    cluster:", "    vault: { identity: x }\n    cluster:");
      await assert.rejects(stacks.load("dev"), ({ findings }: UserError) => findings[0]?.stage === "vault");
    });

    it("reports the catalogue's mistakes together with those of the settings", async () => {
      stacks.edit("Pulumi.dev.yaml", /context: .*/, "context: 7");
      stacks.write(
        "catalogue.yaml",
        readFileSync(cataloguePath, "utf8").replace("authority: redis", "authority: valkey"),
      );
      const codes = (await stacks.refusal("dev", { catalogue: join(stacks.root, "catalogue.yaml") })).map(
        (line) => line.split(" ")[0],
      );
      assert.deepEqual(codes, ["catalogue-invalid", "settings-invalid"]);
    });

    it("refuses a prefix in an environment: there is one, in shared", async () => {
      stacks.edit("Pulumi.dev.yaml", "    cluster:", '    secretPrefix: "x-"\n    cluster:');
      assert.deepEqual(await stacks.refusal("dev"), [
        "settings-second-prefix Pulumi.dev.yaml:4: secretPrefix must be set in the shared stack only",
      ]);
    });

    it("refuses a key of ours outside the one object, because nothing would read it", async () => {
      stacks.edit("Pulumi.dev.yaml", "config:", "config:\n  ameide-secrets:namespace: x");
      assert.deepEqual(await stacks.refusal("dev"), [
        "settings-invalid Pulumi.dev.yaml:3: nothing reads ameide-secrets:namespace",
      ]);
    });

    it("fails without the shared stack's file, with the command", async () => {
      stacks.remove("Pulumi.shared.yaml");
      const [line = ""] = await stacks.refusal("prod");
      assert.match(line, /^settings-shared-missing Pulumi\.shared\.yaml: prod uses the Key Vault/);
    });

    it("refuses what it may not adopt, before anything is registered", async () => {
      stacks.edit("Pulumi.dev.yaml", "    cluster:", "    adopt: { vault-engine-kv: kv }\n    cluster:");
      assert.deepEqual(await stacks.refusal("dev"), [
        'settings-adopt Pulumi.dev.yaml: adopt: "vault-engine-kv" is "kv", but the id in this stack is "secret"',
      ]);
    });

    it("refuses a namespace that another stack of the cluster claims", async () => {
      stacks.edit("Pulumi.dev.yaml", "    cluster:", "    additionalNamespaces: [argocd]\n    cluster:");
      for (const name of ["dev", "prod", "shared"]) {
        assert.match((await stacks.refusal(name))[0] ?? "", /^namespace-claimed-twice .*dev .*prod .*argocd/);
      }
    });

    it("refuses a Vault address of another environment", async () => {
      stacks.edit(
        "Pulumi.dev.yaml",
        "    cluster:",
        "    vault: { address: 'http://vault-core-prod.ameide-prod.svc.cluster.local:8200' }\n    cluster:",
      );
      const lines = await stacks.refusal("dev");
      assert.match(
        lines[0] ?? "",
        /^vault-of-another-environment Pulumi\.dev\.yaml: vault\.address of dev is the address of prod's Vault/,
      );
    });

    it("refuses an image without a digest, and a copy to a path of GitLab's", async () => {
      stacks.edit("Pulumi.dev.yaml", "    cluster:", "    bootstrap: { image: 'node:22' }\n    cluster:");
      assert.match((await stacks.refusal("dev"))[0] ?? "", /bootstrap\.image is "node:22"/);
      stacks.edit(
        "Pulumi.dev.yaml",
        "image: 'node:22'",
        "mappedSecrets: [{ from: ghcr-token, to: gitlab/tokens/dev/backstage }]",
      );
      assert.match((await stacks.refusal("dev"))[0] ?? "", /^mapped-target-refused/);
    });

    it("refuses an unknown stack, with the nearest name", async () => {
      await assert.rejects(
        load({ stack: "stagin", settings: {} }),
        /stack "stagin" does not exist\n {2}fix: did you mean staging\?/,
      );
    });
  });
});
