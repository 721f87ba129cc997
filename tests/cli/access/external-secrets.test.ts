import assert from "node:assert/strict";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { isSynced, whyNotReady, type ExternalSecret } from "../../../cli/access/external-secrets.ts";

interface Given {
  readonly ready?: "True" | "False" | "Unknown";
  readonly refreshTime?: string;
  readonly managedFields?: readonly object[];
  readonly generation?: number;
  readonly syncedResourceVersion?: string;
}

const changed = (time: string, subresource?: string) => ({
  manager: "pulumi",
  time,
  ...(subresource === undefined ? {} : { subresource }),
});

function externalSecret({ ready, refreshTime, managedFields = [], generation, ...version }: Given): ExternalSecret {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "ghcr-pull-sync", namespace: "ameide-dev", uid: "u-1", managedFields, generation },
    status: {
      ...version,
      ...(refreshTime === undefined ? {} : { refreshTime }),
      conditions: [
        { type: "Deleted", status: "True" },
        ...(ready === undefined
          ? []
          : [{ type: "Ready", status: ready, message: "could not get secret data from provider" }]),
      ],
    },
  };
}

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;

describe("isSynced", () => {
  it("is true if it was synced in the second of its last change, or later", () => {
    for (const refreshTime of [at(5), at(6)]) {
      assert.equal(isSynced(externalSecret({ ready: "True", refreshTime, managedFields: [changed(at(5))] })), true);
    }
  });

  it("is false for an old Ready condition: it was changed after the sync", () => {
    const managedFields = [changed(at(1)), changed(at(5))];
    assert.equal(isSynced(externalSecret({ ready: "True", refreshTime: at(4), managedFields })), false);
  });

  it("is false for a sync of the previous generation in the second of a change", () => {
    const now = { ready: "True", refreshTime: at(5), managedFields: [changed(at(5))], generation: 3 } as const;
    assert.equal(isSynced(externalSecret({ ...now, syncedResourceVersion: "2-0123abcd" })), false);
    assert.equal(isSynced(externalSecret({ ...now, syncedResourceVersion: "3-0123abcd" })), true);
    // whatever else a later version of External Secrets writes there
    assert.equal(isSynced(externalSecret({ ...now, syncedResourceVersion: "sha256:0123abcd" })), true);
  });

  it("does not treat ESO's own status update as a change", () => {
    const managedFields = [changed(at(1)), changed(at(9), "status")];
    assert.equal(isSynced(externalSecret({ ready: "True", refreshTime: at(4), managedFields })), true);
  });

  it("is false while it is not Ready, was never synced, or has no status at all", () => {
    assert.equal(isSynced(externalSecret({ ready: "False", refreshTime: at(9) })), false);
    assert.equal(isSynced(externalSecret({ ready: "Unknown", refreshTime: at(9) })), false);
    assert.equal(isSynced(externalSecret({ refreshTime: at(9) })), false);
    assert.equal(isSynced(externalSecret({ ready: "True" })), false);
    const { status: _, ...without } = externalSecret({ ready: "True" });
    assert.equal(isSynced(without as ExternalSecret), false);
  });

  it("is true for one without managed fields", () => {
    assert.equal(isSynced(externalSecret({ ready: "True", refreshTime: at(1) })), true);
  });
});

describe("whyNotReady", () => {
  const asked: string[] = [];
  const cluster = (items: readonly object[]) =>
    ({
      get: (path: string) => {
        asked.push(path);
        return Promise.resolve({ items });
      },
    }) as unknown as Cluster;
  const event = (message: string, second: number, type = "Warning") => ({ type, message, lastTimestamp: at(second) });

  it("uses ESO's newest warning, which names the cause", async () => {
    const events = [event("permission denied", 5), event("connection refused", 3), event("updated", 9, "Normal")];
    const why = await whyNotReady(cluster(events), externalSecret({ ready: "False" }));
    assert.equal(why, "permission denied");
    assert.equal(asked.at(-1), "/api/v1/namespaces/ameide-dev/events?fieldSelector=involvedObject.uid%3Du-1");
  });

  it("uses the condition's message if there is no warning, and reports if there is neither", async () => {
    assert.equal(
      await whyNotReady(cluster([]), externalSecret({ ready: "False" })),
      "could not get secret data from provider",
    );
    assert.equal(await whyNotReady(cluster([]), externalSecret({})), "not synced yet");
  });
});
