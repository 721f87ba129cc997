import assert from "node:assert/strict";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { fillAnew } from "../../../cli/deploy/chain.ts";
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

describe("fillAnew", () => {
  it("waits for its turn where a scheduled run is at work, and fails for no such reason", async () => {
    const io = recordedIo();
    const stop = new AbortController();
    const { made, cluster: there } = cluster("lease-held");
    const phases = new Phases(
      { ...io, err: (text) => (text.includes("waits for its turn") ? stop.abort() : undefined) },
      stop.signal,
    );
    await assert.rejects(fillAnew({ stack, cluster: there, phases, signal: stop.signal }, undefined), {
      name: "AbortError",
    });
    assert.equal(made.length, 1);
  });
  it("fails with the cause of the run where the values could not be carried", async () => {
    const { signal } = new AbortController();
    const { cluster: there } = cluster("source-forbidden");
    const phases = new Phases(recordedIo(), signal);
    await assert.rejects(fillAnew({ stack, cluster: there, phases, signal }, undefined), { code: "source-forbidden" });
  });
  it("makes no run where the update has made one", async () => {
    const { signal } = new AbortController();
    const { made, cluster: there } = cluster("ok");
    const phases = new Phases(recordedIo(), signal);
    const change = { object: `${stack.namespace}/${stack.bootstrap.name}-sync-1` };
    const update = { changes: [change] } as unknown as Parameters<typeof fillAnew>[1];
    await fillAnew({ stack, cluster: there, phases, signal }, update);
    assert.deepEqual(made, []);
    await fillAnew({ stack, cluster: there, phases, signal }, undefined);
    assert.equal(made.length, 1);
  });
});
