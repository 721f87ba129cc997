import assert from "node:assert/strict";
import { resync, type KubernetesWriter, type ResyncProgress } from "../../diagnose/resync.ts";

interface Named {
  metadata: { name: string; annotations?: Record<string, string>; resourceVersion?: string };
  spec: object;
  status: { conditions?: object[]; refreshTime?: string; syncedResourceVersion?: string };
}

const ready = [{ type: "Ready", status: "True", reason: "SecretSynced", message: "" }];
const notReady = [
  { type: "Ready", status: "False", reason: "SecretSyncedError", message: "could not get secret data" },
];

/** External Secrets as the API shows it: it looks at what was annotated, fails at what is `stuck`, passes over what is `idle`. */
function cluster({ stuck = [] as string[], idle = [] as string[] } = {}) {
  const order: string[] = [];
  const store: Named = { metadata: { name: "ameide-vault" }, spec: { provider: {} }, status: { conditions: ready } };
  const external = (name: string): Named => ({
    metadata: { name },
    spec: { secretStoreRef: { name: "ameide-vault" }, target: { name: `${name}-target` } },
    status: { conditions: ready, refreshTime: "2026-01-02T00:00:00Z", syncedResourceVersion: "1-a" },
  });
  const secrets = ["a", "b"].map(external);
  let version = 1;
  const writer: KubernetesWriter = {
    context: "c",
    text: () => Promise.resolve(""),
    get: <T extends object>(path: string) => {
      const answer = path.includes("/secretstores")
        ? { items: [store] }
        : path.includes("/externalsecrets")
          ? { items: secrets }
          : path.includes("/events")
            ? {
                items: [
                  {
                    involvedObject: { kind: "ExternalSecret", name: "b" },
                    message: "Secret does not exist",
                    metadata: {},
                  },
                ],
              }
            : { metadata: { resourceVersion: path.endsWith("a-target") ? String(version) : "0" } };
      return Promise.resolve(answer as object as T);
    },
    patch: (path) => {
      const name = path.split("/").at(-1) ?? "";
      order.push(path.includes("secretstores") ? "store" : name);
      const found = secrets.find(({ metadata }) => metadata.name === name);
      if (found !== undefined && ![...stuck, ...idle].includes(name)) {
        found.status = { ...found.status, syncedResourceVersion: `2-${name}` };
        version += 1;
      } else if (found !== undefined && !idle.includes(name)) {
        found.status = { ...found.status, conditions: notReady };
      }
      return Promise.resolve({});
    },
  };
  return { order, writer };
}

const options = { namespaces: ["n"], timeoutInSeconds: 0.3, signal: new AbortController().signal };

describe("resync", () => {
  it("touches the stores first, then the ExternalSecrets, and waits until each has synced anew", async () => {
    const { order, writer } = cluster();
    const progress: ResyncProgress[] = [];
    const result = await resync(writer, { ...options, onProgress: (one) => progress.push(one) });
    assert.deepEqual(order, ["store", "a", "b"]);
    assert.deepEqual(result, { ready: ["n/ameide-vault", "n/a", "n/b"], notReady: [], changed: ["n/a-target"] });
    assert.deepEqual(progress.at(-1), { kind: "external-secrets", done: 2, total: 2 });
  });
  it("does one by name, and leaves the others alone", async () => {
    const { order, writer } = cluster();
    assert.deepEqual((await resync(writer, { ...options, names: ["a"] })).ready, ["n/ameide-vault", "n/a"]);
    assert.deepEqual(order, ["store", "a"]);
  });
  it("reports who has not synced in time, in External Secrets' own words from the Event", async () => {
    const { writer } = cluster({ stuck: ["b"] });
    const { notReady: left } = await resync(writer, options);
    assert.deepEqual(left, [{ object: "n/b", message: "Secret does not exist" }]);
  });
  it("takes no old Ready for a sync: an operator that does not look leaves it as it was", async () => {
    const { writer } = cluster({ idle: ["b"] });
    const { notReady: left } = await resync(writer, options);
    assert.deepEqual(left, [{ object: "n/b", message: "Ready, and not synced anew in time" }]);
  });
  it("fails when it is aborted", async () => {
    const { writer } = cluster({ stuck: ["b"] });
    await assert.rejects(
      resync(writer, { ...options, timeoutInSeconds: 60, signal: AbortSignal.timeout(50) }),
      /abort|timeout/i,
    );
  });
});
