import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { VaultBootstrap, type VaultBootstrapArgs } from "../../components/vault-bootstrap.ts";
import { recordStack, type Registration } from "../support/record-stack.ts";
import { environmentStack } from "../support/stacks.ts";

const name = "foundation-vault-bootstrap-vault-bootstrap";

async function record(changes: Partial<VaultBootstrapArgs> = {}) {
  const created = await recordStack(
    () =>
      new VaultBootstrap("boot", {
        stack: environmentStack(),
        clientId: pulumi.output("client"),
        syncDigest: "0123456789ab",
        needs: [],
        ...changes,
      }),
  );
  return { created, named: (child: string) => created.find((one) => one.name === child) };
}

function kubernetesName(registration: Registration | undefined): unknown {
  return (registration?.inputs["metadata"] as { name?: unknown } | undefined)?.name;
}

describe("VaultBootstrap", () => {
  it("creates an account with its rights, the bundle, the CronJob and one Job", async () => {
    const { created } = await record();
    assert.deepEqual(created.map(({ type, name: child }) => `${type} ${child}`).toSorted(), [
      "ameide-secrets:bootstrap:VaultBootstrap boot",
      "kubernetes:batch/v1:CronJob boot-cronjob",
      "kubernetes:batch/v1:Job boot-sync",
      "kubernetes:core/v1:ConfigMap boot-bundle",
      "kubernetes:core/v1:ServiceAccount boot-account",
      "kubernetes:rbac.authorization.k8s.io/v1:Role boot-role",
      "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding boot-role-binding",
    ]);
  });

  it("creates no Job without a digest: Vault may still be sealed", async () => {
    const { created } = await recordStack(
      () => new VaultBootstrap("boot", { stack: environmentStack(), clientId: "client", needs: [] }),
    ).then((all) => ({ created: all }));
    assert.deepEqual(
      created.filter(({ type }) => type.endsWith(":Job")),
      [],
    );
    assert.equal(created.length, 6);
  });

  it("gives CronJob and account the name in the federated credential", async () => {
    const { named } = await record();
    assert.equal(kubernetesName(named("boot-cronjob")), name);
    assert.equal(kubernetesName(named("boot-account")), name);
  });

  it("names the Job by the digest, and replaces a failed one", async () => {
    const job = (await record()).named("boot-sync");
    assert.deepEqual(job?.inputs["metadata"], {
      name: `${name}-sync-0123456789ab`,
      namespace: "ameide-dev",
      labels: { "app.kubernetes.io/part-of": "ameide-secrets" },
      annotations: { "pulumi.com/replaceUnready": "true" },
    });
  });

  it("creates the CronJob after account, rights and bundle, and the Job after the CronJob", async () => {
    const { named } = await record();
    assert.deepEqual(named("boot-cronjob")?.options.dependsOn, ["boot-account", "boot-bundle", "boot-role-binding"]);
    assert.deepEqual(named("boot-sync")?.options.dependsOn, ["boot-cronjob"]);
  });

  it("passes the client id from an output to account and pod", async () => {
    const { named } = await record();
    assert.match(JSON.stringify(named("boot-account")?.inputs), /"azure.workload.identity\/client-id":"client"/);
    assert.match(JSON.stringify(named("boot-cronjob")?.inputs), /\{"name":"AZURE_CLIENT_ID","value":"client"\}/);
  });

  it("marks nothing as secret: it contains no value", async () => {
    const { created } = await record();
    assert.deepEqual(
      created.flatMap(({ secretInputs }) => secretInputs),
      [],
    );
  });
});
