import assert from "node:assert/strict";
import { formatUses } from "../../cli/commands/who-uses.ts";
import { explain } from "../../diagnose/explain.ts";
import { lineage } from "../../diagnose/lineage.ts";
import type { KubernetesReader } from "../../diagnose/observe/access.ts";
import {
  externalSecretState,
  observePushSecrets,
  type ExternalSecretObject,
} from "../../diagnose/observe/deliveries.ts";
import type { Snapshot } from "../../diagnose/snapshot.ts";
import { whoUses } from "../../diagnose/who-uses.ts";
import { changed, healthy, seen, stack, valuesOf, without } from "./healthy.ts";

const manifest = { apiVersion: "v1", kind: "ConfigMap" };

/** An ExternalSecret as the API server of External Secrets 2.x returns it. */
const external = (name: string, target: object, key: string): ExternalSecretObject => ({
  metadata: { name },
  spec: { secretStoreRef: { name: "ameide-vault" }, target, data: [{ remoteRef: { key } }] },
  status: { conditions: [{ type: "Ready", status: "True" }] },
});

async function withPushes(...items: readonly object[]): Promise<Snapshot> {
  const get = () => Promise.resolve({ items });
  const reader = { get } as unknown as KubernetesReader;
  return { ...healthy(), pushSecrets: await observePushSecrets(reader, "ameide-dev") };
}

describe("fields of External Secrets 2.x in the commands that read a cluster", () => {
  const push = (name: string, spec: object) => ({ metadata: { name }, spec });
  const bySecret = { secret: { name: "inference-api-credentials" } };

  it("who-uses: a target.manifest is not a Secret, and readers of a Secret with its name are not its readers", () => {
    const before = healthy();
    const theirs = external("theirs", { name: "langfuse-secrets", manifest }, "openai-api-key");
    const externalSecrets = seen([...valuesOf(before.externalSecrets), externalSecretState("ameide-dev", theirs)]);
    const reader = { secret: "langfuse-secrets", by: "environment" } as const;
    const workloads = seen([
      { namespace: "ameide-dev", kind: "Deployment", name: "langfuse", secrets: [reader], reloads: [] },
    ]);
    const found = whoUses({ ...before, externalSecrets, workloads }, stack, "openai-api-key");
    const use = found.uses.find(({ isOurs }) => !isOurs);
    assert.deepEqual([use?.kind, use?.consumers], ["ConfigMap", []]);
    assert.match(
      formatUses("openai-api-key", found),
      /ConfigMap ameide-dev\/langfuse-secrets \(theirs, created by something else\)\n {2}not a Secret \(target\.manifest\)/,
    );
  });

  it("who-uses: a PushSecret reads what it pushes, by name or label, under data and under dataTo", async () => {
    const snapshot = await withPushes(
      push("by-name", { selector: bySecret, data: [{ match: { secretKey: "api-key" } }] }),
      push("whole", { selector: bySecret, dataTo: [{ storeRef: { name: "other" } }] }),
      push("by-label", {
        selector: { secret: { selector: { matchLabels: { "app.kubernetes.io/managed-by": "external-secrets" } } } },
        dataTo: [{ storeRef: { name: "other" } }],
      }),
      push("another", { selector: { secret: { name: "langfuse-secrets" } } }),
    );
    const [use] = whoUses(snapshot, stack, "openai-api-key").uses;
    assert.deepEqual(
      use?.consumers.map(({ workload, by, afterChange }) => [workload, by.join(), afterChange]),
      ["by-name", "whole", "by-label"].map((name) => [`PushSecret/${name}`, "push", "follows"]),
    );
  });

  it("lineage: names the PushSecret that writes the secret's path, in any spelling", async () => {
    const remote = (remoteKey: string) => ({ match: { remoteRef: { remoteKey } } });
    const snapshot = await withPushes(
      push("named", { selector: bySecret, data: [remote("secret/data/openai-api-key")] }),
      push("bundle", { selector: bySecret, dataTo: [{ remoteKey: "openai-api-key" }] }),
      push("other", { selector: bySecret, data: [remote("openai-api-key-2")] }),
    );
    const { hops } = lineage(snapshot, stack, "openai-api-key");
    assert.equal(
      hops.find(({ stage }) => stage === "vault")?.writer,
      "another writer, no metadata; PushSecret ameide-dev/named also writes it; PushSecret ameide-dev/bundle also writes it",
    );
  });

  it("lineage and doctor: say that a delivery's Secret is missing because its ExternalSecret writes another kind", () => {
    const before = healthy();
    const isOurs = ({ name }: { readonly name: string }) => name === "langfuse-secrets-sync";
    const { targetKind } = externalSecretState("ameide-dev", external("x", { manifest }, "langfuse-secret-key"));
    const snapshot = {
      ...before,
      externalSecrets: changed(before.externalSecrets, isOurs, { targetKind: targetKind ?? "" }),
      secrets: without(before.secrets, ({ name }) => name === "langfuse-secrets"),
    };
    const [secret] = stack.plan.deliveries.find(isOurs)?.keys ?? [];
    const hop = lineage(snapshot, stack, secret?.secret ?? "").hops.at(-1);
    assert.equal(hop?.note, "langfuse-secrets-sync writes a ConfigMap instead (target.manifest)");
    const { causes } = explain(snapshot, stack);
    assert.deepEqual(
      causes.map(({ code, evidence }) => [code, evidence[0]?.seen]),
      [
        [
          "target-secret-missing",
          "not found, while its ExternalSecret is Ready, and writes a ConfigMap instead (target.manifest)",
        ],
      ],
    );
  });

  it("doctor: says that creationPolicy CreateOrMerge leaves a delivery's Secret without an owner", () => {
    const before = healthy();
    const isOurs = ({ name }: { readonly name: string }) => name === "langfuse-secrets-sync";
    const target = { name: "langfuse-secrets", creationPolicy: "CreateOrMerge" };
    const { creationPolicy } = externalSecretState("ameide-dev", external("x", target, "langfuse-secret-key"));
    const secrets = valuesOf(before.secrets).map(({ owner, ...one }) =>
      one.name === "langfuse-secrets" ? one : { ...one, ...(owner && { owner }) },
    );
    const externalSecrets = changed(before.externalSecrets, isOurs, { creationPolicy: creationPolicy ?? "" });
    const { causes } = explain({ ...before, externalSecrets, secrets: seen(secrets) }, stack);
    assert.deepEqual(
      causes.map(({ code, evidence }) => [code, evidence[0]?.seen]),
      [
        [
          "target-secret-differs",
          "owner is none, expected its ExternalSecret; creationPolicy is CreateOrMerge, expected Owner",
        ],
      ],
    );
  });

  it("reports no PushSecret if the cluster does not have the kind", async () => {
    const get = () => Promise.reject(Object.assign(new Error("the server could not find it"), { status: 404 }));
    const found = await observePushSecrets({ get } as unknown as KubernetesReader, "ameide-dev");
    assert.deepEqual(found, seen([]));
  });
});
