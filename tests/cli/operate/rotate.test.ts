import assert from "node:assert/strict";
import { once } from "node:events";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { resyncOf } from "../../../cli/operate/rotate.ts";
import { environmentStack } from "../../support/stacks.ts";

const stack = environmentStack("dev");
const enough = new Error("that is all that is to be seen");
const ready = { conditions: [{ type: "Ready", status: "True", reason: "Valid", message: "" }] };

/** ExternalSecrets of `ameide-dev` by name, each with the path that it reads. What is touched is kept, and nothing syncs. */
function cluster(externalSecrets: Readonly<Record<string, string>>) {
  const touched: string[] = [];
  const items = Object.entries(externalSecrets).map(([name, key]) => ({
    metadata: { name, namespace: "ameide-dev" },
    spec: { secretStoreRef: { name: "ameide-vault" }, data: [{ remoteRef: { key } }] },
    status: ready,
  }));
  const fake: Pick<Cluster, "get" | "metadata" | "patch" | "watch"> = {
    get: <T extends object>(path: string) => {
      const here = path.includes("/namespaces/ameide-dev/");
      const stores = [
        { metadata: { name: "ameide-vault", namespace: "ameide-dev" }, spec: { provider: {} }, status: ready },
      ];
      const found = path.includes("/externalsecrets") ? items : path.includes("/secretstores") ? stores : [];
      return Promise.resolve({ items: here ? found : [] } as object as T);
    },
    metadata: () => Promise.resolve([]),
    patch: (path) => {
      touched.push(path.split("/").at(-1) ?? "");
      return path.includes("/externalsecrets/") ? Promise.reject(enough) : Promise.resolve({} as never);
    },
    watch: async function* (_path, signal) {
      await once(signal, "abort");
      yield* [];
    },
  };
  return { touched, place: { stack, cluster: fake as Cluster } };
}

const options = { signal: new AbortController().signal, onProgress: () => {} };

describe("resyncOf", () => {
  it("annotates what reads the secret, ours and others', and nothing else", async () => {
    const { touched, place } = cluster({
      "inference-api-credentials-sync": "openai-api-key",
      chat: "secret/data/openai-api-key",
      other: "ghcr-token",
    });
    await assert.rejects(resyncOf("openai-api-key", place, options), enough);
    assert.deepEqual(touched, ["ameide-vault", "inference-api-credentials-sync", "chat"]);
  });
  it("annotates those of others also if one of ours is missing", async () => {
    const { touched, place } = cluster({ chat: "openai-api-key" });
    await assert.rejects(resyncOf("openai-api-key", place, options), enough);
    assert.deepEqual(touched, ["ameide-vault", "chat"]);
  });
  it("annotates nothing if nothing reads it", async () => {
    const { touched, place } = cluster({ other: "ghcr-token" });
    await resyncOf("openai-api-key", place, options);
    assert.deepEqual(touched, []);
  });
});
