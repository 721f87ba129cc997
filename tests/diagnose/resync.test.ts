import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { setImmediate } from "node:timers/promises";
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
function cluster({ stuck = [] as string[], idle = [] as string[], cannot = "", target = {} } = {}) {
  const [mayWatch, mayPatch] = [cannot !== "watch", cannot !== "patch"];
  const refused = (): Promise<never> =>
    Promise.reject(Object.assign(new Error(`cannot list ${cannot}`), { status: 403 }));
  const order: string[] = [];
  const asked: string[] = [];
  const changes = new EventEmitter();
  const store: Named = { metadata: { name: "ameide-vault" }, spec: { provider: {} }, status: { conditions: ready } };
  const external = (name: string): Named => ({
    metadata: { name },
    spec: { secretStoreRef: { name: "ameide-vault" }, target: { name: `${name}-target`, ...target } },
    status: { conditions: ready, refreshTime: "2026-01-02T00:00:00Z", syncedResourceVersion: "1-a" },
  });
  const secrets = ["a", "b"].map(external);
  let version = 1;
  let watching = 0;
  const writer: KubernetesWriter = {
    context: "c",
    text: () => Promise.resolve(""),
    get: <T extends object>(path: string) => {
      asked.push(path.split("?")[0] ?? "");
      if (cannot !== "" && path.split("?")[0]?.endsWith(`/${cannot}`) === true) return refused();
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
            : undefined;
      return answer === undefined ? Promise.reject(new Error(path)) : Promise.resolve(answer as object as T);
    },
    metadata: () =>
      cannot === "secrets"
        ? refused()
        : Promise.resolve([
            { name: "a-target", resourceVersion: String(version) },
            { name: "b-target", resourceVersion: "0" },
          ]),
    watch: async function* <T extends object>(_path: string, signal: AbortSignal) {
      if (!mayWatch) throw Object.assign(new Error("cannot watch"), { status: 403 });
      watching += 1;
      try {
        for await (const [object] of on(changes, "change", { signal }) as AsyncIterable<[T]>)
          yield { type: "MODIFIED", object };
      } finally {
        watching -= 1;
      }
    },
    patch: (path) => {
      if (!mayPatch && path.includes("externalsecrets")) return Promise.reject(new Error("cannot patch"));
      const name = path.split("/").at(-1) ?? "";
      order.push(path.includes("secretstores") ? "store" : name);
      const found = secrets.find(({ metadata }) => metadata.name === name);
      setTimeout(() => {
        if (found === undefined || idle.includes(name)) return;
        if (stuck.includes(name)) {
          found.status = { ...found.status, conditions: notReady };
        } else {
          found.status = { ...found.status, syncedResourceVersion: `2-${name}` };
          version += 1;
        }
        changes.emit("change", structuredClone(found));
      }, 20);
      return Promise.resolve({});
    },
  };
  return { order, asked, writer, watches: () => watching };
}

const options = { namespaces: ["n"], timeoutInSeconds: 0.3, signal: new AbortController().signal };

describe("resync", () => {
  it("annotates the stores first, then the ExternalSecrets, and waits until each has synced again", async () => {
    const { order, writer } = cluster();
    const progress: ResyncProgress[] = [];
    const result = await resync(writer, { ...options, onProgress: (one) => progress.push(one) });
    assert.deepEqual(order, ["store", "a", "b"]);
    assert.deepEqual(result, {
      ready: ["n/ameide-vault", "n/a", "n/b"],
      counts: { stores: { done: 1, total: 1 }, "external-secrets": { done: 2, total: 2 } },
      notReady: [],
      changed: ["n/a-target"],
      unseen: [],
    });
    assert.deepEqual(progress.at(-1), { kind: "external-secrets", done: 2, total: 2 });
  });
  it("syncs one by name, and leaves the others alone", async () => {
    const { order, writer } = cluster();
    assert.deepEqual((await resync(writer, { ...options, names: ["a"] })).ready, ["n/ameide-vault", "n/a"]);
    assert.deepEqual(order, ["store", "a"]);
  });
  it("fails for an unknown ExternalSecret before any change, with the nearest name", async () => {
    const { order, writer } = cluster();
    await assert.rejects(resync(writer, { ...options, names: ["a", "typo"] }), {
      code: "resync-name-unknown",
      message: "n has no ExternalSecret typo\n  fix: give one of: a, b",
    });
    assert.deepEqual(order, []);
  });
  it("reports which Secrets it could not read: it does not know whether they changed", async () => {
    const { writer } = cluster({ cannot: "secrets" });
    const result = await resync(writer, options);
    assert.deepEqual(result.changed, []);
    assert.deepEqual(result.unseen, [
      { kind: "forbidden", asked: "list secrets in n", message: "cannot list secrets" },
    ]);
  });
  it("compares nothing for a target of another kind (target.manifest), and reports that", async () => {
    const { writer } = cluster({ target: { manifest: { apiVersion: "v1", kind: "ConfigMap" } } });
    const { changed, unseen, ready: done } = await resync(writer, options);
    assert.deepEqual([done.length, changed], [3, []]);
    assert.deepEqual(unseen[0], {
      kind: "not-asked",
      asked: "compare ConfigMap n/a-target",
      message: "ExternalSecret n/a writes a ConfigMap and not a Secret (target.manifest)",
    });
  });
  it("reports that the cause could not be read if Events may not be listed", async () => {
    const { writer } = cluster({ stuck: ["b"], cannot: "events" });
    const [left] = (await resync(writer, options)).notReady;
    assert.equal(
      left?.message,
      "could not get secret data; its cause could not be checked: list events in n: cannot list events",
    );
  });
  it("reports who has not synced in time, in External Secrets' own words from the Event", async () => {
    const { writer } = cluster({ stuck: ["b"] });
    const { notReady: left } = await resync(writer, options);
    assert.deepEqual(left, [{ object: "n/b", message: "Secret does not exist" }]);
  });
  it("does not treat an old Ready condition as a sync", async () => {
    const { writer } = cluster({ idle: ["b"] });
    const { notReady: left } = await resync(writer, options);
    assert.deepEqual(left, [{ object: "n/b", message: "Ready, but not synced again in time" }]);
  });
  it("costs the API server one list and one watch, however long External Secrets takes", async () => {
    const { asked, writer } = cluster({ stuck: ["b"] });
    await resync(writer, { ...options, timeoutInSeconds: 1 });
    const lists = asked.filter((path) => path.endsWith("/externalsecrets")).length;
    assert.equal(lists, 3); // before the watch, next to it, and once for the message of the remaining one
    assert.ok(asked.every((path) => !path.includes("/secrets/")));
  });
  it("lists instead of watching if the right to watch is missing", async () => {
    const { writer } = cluster({ cannot: "watch" });
    assert.deepEqual((await resync(writer, { ...options, timeoutInSeconds: 10 })).notReady, []);
  });
  it("fails with a message if it may not list, naming the right", async () => {
    const { writer } = cluster({ cannot: "secretstores" });
    await assert.rejects(resync(writer, options), {
      name: "UserError",
      code: "cluster-not-readable",
      message: /^could not list secretstores in n: cannot list secretstores\n {2}fix: /,
    });
  });
  it("fails at once if it may not write, without waiting", async () => {
    const { writer, watches } = cluster({ cannot: "patch" });
    await assert.rejects(resync(writer, { ...options, timeoutInSeconds: 60 }), /cannot patch/);
    await setImmediate();
    assert.equal(watches(), 0);
  });
  it("fails when it is aborted", async () => {
    const { writer } = cluster({ stuck: ["b"] });
    await assert.rejects(
      resync(writer, { ...options, timeoutInSeconds: 60, signal: AbortSignal.timeout(50) }),
      /abort|timeout/i,
    );
  });
});
