import assert from "node:assert/strict";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import { adoptables } from "../../domain/resources/adoption.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { recordStack, type Registration } from "../support/record-stack.ts";
import { environmentStack, localStack, sharedStack } from "../support/stacks.ts";

const offline: RegisterOptions = { shared: { bootstrapClientId: "client" } };

function record(plan: StackPlan, options: RegisterOptions = offline): Promise<Registration[]> {
  return recordStack(() => registerStack(plan, options), outputsOf);
}

function outputsOf({ type, name }: Pick<Registration, "type" | "name">): Record<string, unknown> {
  if (type.endsWith(":UserAssignedIdentity")) return { clientId: "made-client", principalId: "made-principal" };
  if (type.endsWith("keyvault:Secret")) return { properties: { secretUriWithVersion: `https://kv/${name}/1` } };
  if (type.endsWith("keyvault:Vault")) return { properties: { vaultUri: "https://ameidekv.vault.azure.net/" } };
  return {};
}

/** Everything that `name` waits for, directly or indirectly; a component includes its children. */
function foundationOf(created: readonly Registration[], name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const follow = (of: string): void => {
    const one = created.find((registration) => registration.name === of);
    for (const next of [...(one?.options.dependsOn ?? []), ...(one?.parent === undefined ? [] : [one.parent])]) {
      if (!found.has(next)) {
        found.add(next);
        follow(next);
      }
    }
  };
  follow(name);
  return found;
}

const namesOf = (created: readonly Registration[]) => created.map(({ name }) => name).toSorted();
const componentsOf = (created: readonly Registration[]) =>
  created.filter(({ type }) => type.startsWith("ameide-secrets:")).map(({ type }) => type.replace(/^.*:/, ""));

describe("registerStack", function () {
  this.timeout(30_000);

  describe("of shared", () => {
    it("creates what all environments share, with one explicit provider", async () => {
      const created = await record(sharedStack());
      assert.deepEqual(namesOf(created), [
        "azure",
        "identity",
        "identity-identity",
        "identity-secrets-user",
        "key-vault",
        "key-vault-vault",
      ]);
      const providers = created
        .filter(({ custom, name }) => custom && name !== "azure")
        .map(({ options }) => options.provider);
      assert.deepEqual(new Set(providers), new Set(["azure"]));
      // `az account get-access-token` refuses a tenant next to a subscription
      const { subscriptionId, tenantId, location } = created.find(({ name }) => name === "azure")?.inputs ?? {};
      assert.deepEqual(
        [subscriptionId, location, tenantId],
        ["22222222-2222-4222-8222-222222222222", "westeurope", undefined],
      );
    });

    it("has every resource that its stack file may adopt", async () => {
      const plan = sharedStack();
      const types = new Map((await record(plan)).map(({ name, type }) => [name, type]));
      assert.deepEqual(
        adoptables(plan).filter(({ resource, type }) => types.get(resource) !== type),
        [],
      );
    });

    it("retains all of it when it leaves the program, and protects what cannot be created again", async () => {
      const created = await record(sharedStack({ "ghcr-token": "canary" }));
      const resources = created.filter(({ custom, name }) => custom && name !== "azure");
      assert.deepEqual(namesOf(resources.filter(({ options }) => !options.retainOnDelete)), []);
      assert.deepEqual(namesOf(resources.filter(({ options }) => !options.protect)), ["identity-secrets-user"]);
    });
  });

  describe("of an environment", () => {
    it("creates six of the eight components: Key Vault and identity belong to the shared stack", async () => {
      assert.deepEqual(componentsOf(await record(environmentStack())).toSorted(), [
        "AdmissionGuard",
        "BootstrapFederation",
        "SecretDelivery",
        "VaultBootstrap",
        "VaultEngine",
        "VaultKubernetesAuth",
      ]);
    });

    it("has every resource that its stack file may adopt", async () => {
      const plan = environmentStack();
      const types = new Map((await record(plan)).map(({ name, type }) => [name, type]));
      assert.deepEqual(
        adoptables(plan).filter(({ resource, type }) => types.get(resource) !== type),
        [],
      );
    });

    it("changes nothing that it adopts, and retains it when it leaves the program", async () => {
      const created = await record(
        environmentStack("dev", { adopt: { "vault-auth-config": "auth/kubernetes/config" } }),
      );
      const options = (name: string) => created.find((one) => one.name === name)?.options;
      assert.deepEqual(options("vault-auth-config")?.ignoreChanges, ["*"]);
      assert.equal(options("vault-auth-config")?.retainOnDelete, true);
      assert.deepEqual(options("vault-engine-kv-config")?.ignoreChanges, []);
    });

    it("gives every resource an explicit provider of its package", async () => {
      const created = (await record(environmentStack())).filter(
        ({ custom, type }) => custom && !type.startsWith("pulumi:"),
      );
      const wrong = created.filter(({ type, options }) => {
        const of = { kubernetes: "kubernetes", vault: "vault", "azure-native": "azure" }[type.split(":")[0] ?? ""];
        return options.provider !== of;
      });
      assert.deepEqual(namesOf(wrong), []);
    });

    it("gives no token to Vault's provider: as an argument it would be copied into state", async () => {
      const vault = (await record(environmentStack())).find(({ type }) => type === "pulumi:providers:vault");
      assert.equal(vault?.inputs["address"], "http://127.0.0.1:8200");
      assert.ok(!("token" in vault.inputs));
    });

    it("pins the cluster, and uses server-side apply", async () => {
      const cluster = { context: "ameide-dev", kubeconfig: "/home/me/.kube/config", oidcIssuer: "https://i" };
      const created = await record(environmentStack("dev", { cluster }));
      const provider = created.find(({ type }) => type === "pulumi:providers:kubernetes");
      assert.deepEqual(provider?.inputs, {
        context: "ameide-dev",
        kubeconfig: "/home/me/.kube/config",
        clusterIdentifier: "ameide-secrets-dev",
        enableServerSideApply: "true",
        upsertExistingObjects: "true",
      });
    });

    it("registers in order: Vault's mounts, policies and roles, CronJob, Job, store, ExternalSecret", async () => {
      const created = await record(environmentStack());
      const before = (name: string) => foundationOf(created, name);
      for (const made of [
        "vault-engine-kv",
        "vault-engine-ameide-secrets-bootstrap",
        "vault-auth-ameide-secrets-bootstrap",
      ]) {
        assert.ok(before("bootstrap-cronjob").has(made), `the CronJob runs before ${made}`);
      }
      assert.ok(before("bootstrap-sync").has("bootstrap-cronjob"));
      assert.ok(before("delivery").has("bootstrap-sync"));
      assert.ok(before("delivery-ameide-dev-ghcr-pull-sync").has("delivery-ameide-dev-ameide-vault"));
    });

    it("runs the bootstrap after its federated credential", async () => {
      const created = await record(environmentStack());
      assert.ok(foundationOf(created, "bootstrap").has("federation-vault-bootstrap-dev"));
    });

    it("creates no namespace: they exist and have other owners", async () => {
      const created = await record(environmentStack("prod"));
      assert.deepEqual(
        created.filter(({ type }) => type.endsWith(":Namespace")),
        [],
      );
    });

    it("leaves the cluster to ArgoCD with gitops, and manages Azure and Vault", async () => {
      const stack = environmentStack();
      const created = await record({ ...stack, strictness: { ...stack.strictness, delivery: "gitops" } });
      assert.deepEqual(
        created.filter(({ type }) => type.startsWith("kubernetes:")),
        [],
      );
      assert.deepEqual(componentsOf(created).toSorted(), ["BootstrapFederation", "VaultEngine", "VaultKubernetesAuth"]);
    });

    it("reads the client id from the shared stack if it is not given", async () => {
      const created = await recordStack(
        () => registerStack(environmentStack()),
        ({ type }) =>
          type === "pulumi:pulumi:StackReference" ? { outputs: { bootstrapClientId: "from-shared" } } : {},
      );
      assert.match(
        JSON.stringify(created.find(({ name }) => name === "bootstrap-account")?.inputs),
        /"azure.workload.identity\/client-id":"from-shared"/,
      );
    });
  });

  describe("of local", () => {
    it("creates all of it in one stack, including resource group and namespaces", async () => {
      const created = await record(localStack({ "ghcr-token": "canary" }));
      assert.deepEqual(componentsOf(created).toSorted(), [
        "AdmissionGuard",
        "BootstrapFederation",
        "BootstrapIdentity",
        "KeyVault",
        "Namespaces",
        "ResourceGroup",
        "SecretDelivery",
        "VaultBootstrap",
        "VaultEngine",
        "VaultKubernetesAuth",
      ]);
      for (const stage of ["key-vault", "bootstrap", "delivery"]) {
        const foundation = foundationOf(created, stage);
        assert.ok(
          foundation.has("namespaces-argocd") || foundation.has("resource-group-group"),
          `${stage} depends on nothing that exists first`,
        );
      }
    });

    it("protects nothing, because local is disposable", async () => {
      const created = await record(localStack({ "ghcr-token": "canary" }));
      assert.deepEqual(
        created.filter(({ options }) => options.protect || options.retainOnDelete),
        [],
      );
    });

    it("uses the client id of the identity that it creates", async () => {
      const created = await record(localStack());
      assert.match(
        JSON.stringify(created.find(({ name }) => name === "bootstrap-cronjob")?.inputs),
        /\{"name":"AZURE_CLIENT_ID","value":"made-client"\}/,
      );
    });

    it("runs the bootstrap again when a value has a new version, without revealing the value", async () => {
      const nameOf = async (version: number) => {
        const created = await recordStack(
          () => registerStack(localStack({ "ghcr-token": "canary" })),
          (one) =>
            one.type.endsWith("keyvault:Secret")
              ? { properties: { secretUriWithVersion: `https://kv/${version}` } }
              : outputsOf(one),
        );
        const job = created.find(({ name }) => name === "bootstrap-sync");
        assert.deepEqual(job?.secretInputs, []);
        return (job.inputs["metadata"] as { name: string }).name;
      };
      const [first, again, changed] = [await nameOf(1), await nameOf(1), await nameOf(2)];
      assert.equal(first, again);
      assert.notEqual(first, changed);
    });
  });

  describe("with firstStep", () => {
    it("calls no Vault and creates no Job: only what the CronJob's pod needs", async () => {
      const created = await record(localStack({ "ghcr-token": "canary" }), { firstStep: true });
      const ofVault = created.filter(({ type }) => type.startsWith("vault:") || type === "pulumi:providers:vault");
      assert.deepEqual(namesOf(ofVault), []);
      assert.deepEqual(componentsOf(created).toSorted(), [
        "BootstrapFederation",
        "BootstrapIdentity",
        "KeyVault",
        "Namespaces",
        "ResourceGroup",
        "VaultBootstrap",
      ]);
      assert.deepEqual(
        created.filter(({ type }) => type.endsWith(":Job")),
        [],
      );
    });

    it("registers only what the whole program registers in the same way", async () => {
      const stack = localStack({ "ghcr-token": "canary" });
      const whole = new Map((await record(stack)).map((one) => [`${one.type} ${one.name}`, one.inputs]));
      for (const { type, name, inputs } of await record(stack, { firstStep: true })) {
        assert.deepEqual(inputs, whole.get(`${type} ${name}`));
      }
    });
  });

  it("contains no plain value: each is marked secret at its source", async () => {
    const created = await record(localStack({ "ghcr-token": "canary-value" }));
    const holding = created.filter(({ inputs }) => JSON.stringify(inputs).includes("canary-value"));
    assert.deepEqual(
      holding.map(({ name, secretInputs }) => [name, secretInputs]),
      [["key-vault-ghcr-token", ["properties.value"]]],
    );
  });
});
