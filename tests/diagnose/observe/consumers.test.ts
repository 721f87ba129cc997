import assert from "node:assert/strict";
import { observePods, observeWorkloads } from "../../../diagnose/observe/consumers.ts";
import type { Warnings } from "../../../diagnose/observe/deliveries.ts";
import type { PodState, WorkloadState } from "../../../diagnose/snapshot.ts";

const none: Warnings = new Map();

/** The one object of a collection, as the cluster answers it. */
function reader(items: readonly object[], collection: string) {
  return {
    context: "c",
    get: <T extends object>(path: string) =>
      Promise.resolve({ items: path.includes(`/${collection}`) ? items : [] } as object as T),
    text: () => Promise.resolve(""),
  };
}

async function pod(status: object, warnings = none, metadata: object = {}): Promise<PodState> {
  const object = { metadata: { name: "p", ...metadata }, spec: { containers: [{ name: "c" }] }, status };
  const pods = await observePods(reader([object], "pods"), "n", warnings);
  const [found] = pods.ok ? pods.value : [];
  assert.ok(found !== undefined);
  return found;
}

const container = (state: object) => ({ containerStatuses: [{ name: "c", state }] });

describe("observePods", () => {
  it("keeps what kubelet and runtime report about a container, and nothing that the program printed", async () => {
    const message = async (state: object) => (await pod(container(state))).containers[0]?.message;
    assert.equal(await message({ waiting: { reason: "ErrImagePull", message: "403" } }), "403");
    assert.equal(await message({ terminated: { reason: "StartError", message: "no such file" } }), "no such file");
    assert.equal(await message({ terminated: { reason: "Error", message: "password=hunter2" } }), undefined);
  });
  it("keeps the kubelet's own Events of a pod, and no probe that quotes the container", async () => {
    const of = async (reason: string) => {
      const warnings: Warnings = new Map([["Pod/p", { reason, message: "password=hunter2", at: "" }]]);
      return (await pod({}, warnings)).warning?.reason;
    };
    assert.deepEqual([await of("FailedMount"), await of("Unhealthy")], ["FailedMount", undefined]);
  });
  it("uses the start of its oldest container, because a restarted one reads its environment again", async () => {
    const startTime = "2026-01-01T00:00:00Z";
    const restarted = container({ running: { startedAt: "2026-01-02T00:00:00Z" } });
    assert.equal((await pod({ startTime, ...restarted })).startedAt, "2026-01-02T00:00:00Z");
    assert.equal((await pod({ startTime })).startedAt, startTime);
  });
  it("reports that a deleted pod is ending", async () => {
    assert.equal((await pod({}, none, { deletionTimestamp: "2026-01-01T00:00:00Z" })).isEnding, true);
    assert.equal((await pod({})).isEnding, undefined);
  });
});

describe("how a pod reads its Secrets", () => {
  const ways = async (spec: object): Promise<readonly string[]> => {
    const pods = await observePods(reader([{ metadata: { name: "p" }, spec, status: {} }], "pods"), "n", none);
    const [found] = pods.ok ? pods.value : [];
    return found?.secrets.map(({ secret, by }) => `${secret} ${by}`) ?? [];
  };
  const volumes = [{ name: "v", secret: { secretName: "a" } }];
  const mount = { name: "v", mountPath: "/x" };
  const part = { ...mount, subPath: "key" };
  const container = (...volumeMounts: object[]) => ({ name: "c", volumeMounts });

  it("is a volume that kubelet keeps up to date", async () =>
    assert.deepEqual(await ways({ containers: [container(mount)], volumes }), ["a volume"]));
  for (const [where, spec] of [
    ["a container", { containers: [container(part)], volumes }],
    ["a container by an expression", { containers: [container({ ...mount, subPathExpr: "$(X)" })], volumes }],
    ["an init container", { containers: [container()], initContainers: [container(part)], volumes }],
    ["an ephemeral container", { containers: [container()], ephemeralContainers: [container(part)], volumes }],
    [
      "a container, of a projected volume",
      { containers: [container(part)], volumes: [{ name: "v", projected: { sources: [{ secret: { name: "a" } }] } }] },
    ],
  ] as const) {
    it(`is a subPath mount, which is never updated, in ${where}`, async () =>
      assert.deepEqual(await ways(spec), ["a sub-path"]));
  }
  it("is both if two containers mount one volume differently", async () =>
    assert.deepEqual(await ways({ containers: [container(mount), container(part)], volumes }), [
      "a volume",
      "a sub-path",
    ]));
  it("is the whole volume if subPath is empty", async () =>
    assert.deepEqual(await ways({ containers: [container({ ...mount, subPath: "" })], volumes }), ["a volume"]));
  it("is the environment of an ephemeral container", async () => {
    const env = [{ name: "X", valueFrom: { secretKeyRef: { name: "a", key: "k" } } }];
    const spec = { containers: [container()], ephemeralContainers: [{ name: "debug", env }] };
    assert.deepEqual(await ways(spec), ["a environment"]);
  });
});

describe("observeWorkloads", () => {
  const reloads = async (annotations: Record<string, string>): Promise<readonly string[] | undefined> => {
    const env = ["a", "b"].map((name) => ({ valueFrom: { secretKeyRef: { name } } }));
    const spec = { template: { spec: { containers: [{ name: "c", env }] } } };
    const found = await observeWorkloads(reader([{ metadata: { name: "w", annotations }, spec }], "deployments"), "n");
    const [workload]: readonly WorkloadState[] = found.ok ? found.value : [];
    return workload?.reloads;
  };
  it("reports for which of its Secrets Reloader restarts it", async () => {
    assert.deepEqual(await reloads({}), []);
    assert.deepEqual(await reloads({ "reloader.stakater.com/auto": "true" }), ["a", "b"]);
    assert.deepEqual(await reloads({ "secret.reloader.stakater.com/reload": "b, c" }), ["b"]);
    for (const [expression, named] of [
      [".*", ["a", "b"]],
      ["a.*,x.*b", ["a"]],
      ["(a+)+$", []],
    ] as const)
      assert.deepEqual(await reloads({ "secret.reloader.stakater.com/reload": expression }), named);
    const auto = { "reloader.stakater.com/auto": "true" };
    assert.deepEqual(await reloads({ ...auto, "secrets.exclude.reloader.stakater.com/reload": "x, a" }), ["b"]);
    assert.deepEqual(await reloads({ ...auto, "reloader.stakater.com/ignore": "true" }), []);
  });
});
