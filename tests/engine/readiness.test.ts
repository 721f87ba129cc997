import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { Job } from "@pulumi/kubernetes/batch/v1/index.js";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { openCluster } from "../../clients/kubeconfig.ts";
import { updateStack } from "../../cli/deploy/engine/deploy.ts";
import type { Program } from "../support/engine.ts";
import { useEngine } from "../support/engine.ts";
import { useServers } from "../support/servers.ts";
import { liveProviders, onCluster, preview, up } from "./live-providers.ts";

describe("what the provider waits for", function () {
  this.timeout(120_000);
  const servers = useServers(["kube-controller-manager", "external-secrets", "stand-ins"]);
  const engine = useEngine("local", () => liveProviders(servers().home));
  const open = (program: Program) => engine.open(onCluster(servers().home, program));

  /** As the command line does it, with the cluster at hand. */
  async function update(stack: Stack) {
    const cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: "ameide-local" });
    return updateStack(stack, {
      policyPacks: [],
      signal: new AbortController().signal,
      cluster,
    });
  }

  const job =
    (script: string): Program =>
    () => {
      new Job("job", {
        metadata: { name: "bootstrap", annotations: { "pulumi.com/replaceUnready": "true" } },
        spec: {
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: "Never",
              containers: [
                {
                  name: "main",
                  image: "node",
                  command: ["/nodejs/bin/node", "-e", script],
                  terminationMessagePolicy: "FallbackToLogsOnError",
                },
              ],
            },
          },
        },
      });
      return Promise.resolve();
    };

  const store =
    (annotations: Record<string, string>, name = "store", more = {}): Program =>
    () => {
      new CustomResource("store", {
        apiVersion: "external-secrets.io/v1",
        kind: "SecretStore",
        metadata: { name, annotations, ...more },
        spec: {
          provider: {
            vault: {
              server: "http://127.0.0.1:1",
              path: "secret",
              auth: { kubernetes: { mountPath: "kubernetes", role: "reader", serviceAccountRef: { name: "default" } } },
            },
          },
        },
      });
      return Promise.resolve();
    };

  it("fails if a Job fails; the command line names container, exit code and last output", async () => {
    const stack = await open(job("console.error('vault is sealed'); process.exit(21)"));
    await assert.rejects(update(stack), (error: Error) => {
      assert.match(error.message, /\[BackoffLimitExceeded\] Job has reached the specified backoff limit/);
      assert.match(error.message, /Job default\/bootstrap:\n\s+failed: BackoffLimitExceeded/);
      assert.match(error.message, /container main exited with 21: its log ends with vault is sealed/);
      return true;
    });
  });

  it("replaces a Job that failed, even with nothing else changed", async () => {
    const stack = await open(job("console.error('vault is sealed'); process.exit(21)"));
    assert.deepEqual(await preview(stack), [
      "delete-replaced kubernetes:batch/v1:Job job",
      "replace kubernetes:batch/v1:Job job",
      "create-replacement kubernetes:batch/v1:Job job",
    ]);
  });

  it("waits for a Job's completion, and then does not change it", async () => {
    const waiting = /Waiting for Job "bootstrap" to succeed \(Active: 1 \| Succeeded: 0 \| Failed: 0\)/;
    // it goes on until the provider has said that it waits
    const said = join(servers().home.dir, "said");
    const stack = await open(
      job(`setInterval(() => require("fs").existsSync(${JSON.stringify(said)}) && process.exit(0), 50)`),
    );
    await stack.up({
      onEvent: ({ diagnosticEvent }) => {
        if (diagnosticEvent?.ephemeral === true && waiting.test(diagnosticEvent.message)) writeFileSync(said, "");
      },
    });
    assert.deepEqual(await preview(stack), []);
    await stack.destroy();
  });

  it("waits for the condition of a custom resource that the annotation names", async () => {
    const stack = await open(store({ "pulumi.com/waitFor": "condition=Ready=False" }));
    assert.deepEqual(await up(stack), ["create kubernetes:external-secrets.io/v1:SecretStore store"]);
    assert.deepEqual(await up(stack), []);
  });

  it("fails with a custom resource that does not get ready in time; the command line names the cause", async () => {
    const stack = await open(store({ "pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "2" }));
    await assert.rejects(update(stack), (error: Error) => {
      assert.match(error.message, /failed to fully initialize or become live: timed out waiting for the condition/);
      assert.match(error.message, /SecretStore default\/store:\n\s+condition Ready is False: InvalidProviderConfig/);
      assert.match(error.message, /Warning InvalidProviderConfig: .*unable to log in/);
      return true;
    });
  });

  it("keeps it in state, and waits for it again at the next update", async () => {
    const stack = await open(store({ "pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "2" }));
    await assert.rejects(up(stack), /timed out waiting for the condition/);
    const ready = await open(store({ "pulumi.com/waitFor": "condition=Ready=False" }));
    assert.deepEqual(await up(ready), ["update kubernetes:external-secrets.io/v1:SecretStore store"]);
  });

  it("fails with a condition that it does not understand, with the forms that it does", async () => {
    const stack = await open(store({ "pulumi.com/waitFor": "Ready" }, "other"));
    await assert.rejects(up(stack), /expected a "jsonpath=" or "condition=" prefix, got "Ready"/);
  });
});
