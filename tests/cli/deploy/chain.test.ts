import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { fillNewVault, runChain } from "../../../cli/deploy/chain.ts";
import { Phases } from "../../../cli/phases.ts";
import { bootstrapExitCodes, type BootstrapCause } from "../../../domain/bootstrap-config.ts";
import { environmentStack } from "../../support/stacks.ts";
import { recordedIo } from "../recorded-io.ts";

const stack = environmentStack("dev");

/** Has vault-bootstrap's CronJob, and each Job made of it ends at once, by its exit code. */
function cluster(cause: BootstrapCause) {
  const made: object[] = [];
  const pod = { state: { terminated: { exitCode: bootstrapExitCodes[cause] } } };
  const cronJob = {
    metadata: { name: "vault-bootstrap", uid: "u" },
    spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } },
  };
  const ended = { status: { conditions: [{ type: cause === "ok" ? "Complete" : "Failed", status: "True" }] } };
  const pods = { items: [{ metadata: { name: "p" }, status: { containerStatuses: [pod] } }] };
  const fake: Pick<Cluster, "find" | "create" | "get" | "text"> = {
    find: <T extends object>(path: string) =>
      Promise.resolve((path.includes("/jobs/") ? ended : cronJob) as object as T),
    create: <T extends object>(_path: string, object: object) => {
      made.push(object);
      return Promise.resolve(object as T);
    },
    get: <T extends object>(path: string) => Promise.resolve((path.includes("/jobs/") ? ended : pods) as object as T),
    text: () => Promise.resolve(""),
  };
  return { made, cluster: fake as Cluster };
}

describe("fillNewVault", () => {
  it("waits for a scheduled run that is active, and does not fail because of it", async () => {
    const io = recordedIo();
    const stop = new AbortController();
    const { made, cluster: there } = cluster("lease-held");
    const phases = new Phases(
      { ...io, err: (text) => (text.includes("waiting for it") ? stop.abort() : undefined) },
      stop.signal,
    );
    await assert.rejects(fillNewVault({ stack, cluster: there, phases, signal: stop.signal }, undefined), {
      name: "AbortError",
    });
    assert.equal(made.length, 1);
  });
  it("fails with the cause of the run if the values could not be copied", async () => {
    const { signal } = new AbortController();
    const { cluster: there } = cluster("source-forbidden");
    const phases = new Phases(recordedIo(), signal);
    await assert.rejects(fillNewVault({ stack, cluster: there, phases, signal }, undefined), {
      code: "source-forbidden",
    });
  });
  it("starts no run if the update has started one", async () => {
    const { signal } = new AbortController();
    const { made, cluster: there } = cluster("ok");
    const phases = new Phases(recordedIo(), signal);
    const change = { object: `${stack.namespace}/${stack.bootstrap.name}-sync-1` };
    const update = { changes: [change] } as unknown as Parameters<typeof fillNewVault>[1];
    await fillNewVault({ stack, cluster: there, phases, signal }, update);
    assert.deepEqual(made, []);
    await fillNewVault({ stack, cluster: there, phases, signal }, undefined);
    assert.equal(made.length, 1);
  });
});

describe("runChain, with delivery gitops", () => {
  it("fails on a sealed Vault if ArgoCD has not applied the CronJob: Pulumi would delete its own in the same run", async () => {
    const vault = createServer((_request, response) =>
      response.writeHead(503).end('{"initialized":true,"sealed":true}'),
    );
    await once(vault.listen(0, "127.0.0.1"), "listening");
    const operatorAddress = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    const running = runChain({
      stack: {
        ...stack,
        strictness: { ...stack.strictness, delivery: "gitops" },
        vault: { ...stack.vault, operatorAddress },
      },
      cluster: { find: () => Promise.resolve(undefined) } as unknown as Cluster,
      openEngine: () => Promise.reject(new Error("opened the engine")),
      phases: new Phases(recordedIo(), signal),
      signal,
      until: "update",
    });
    try {
      await assert.rejects(running, { code: "cron-job-not-applied" });
    } finally {
      vault.close();
    }
  });
});
