import assert from "node:assert/strict";
import type { Snapshot } from "../../diagnose/snapshot.ts";
import { rotate, rotationState, type RotationActions } from "../../diagnose/rotation.ts";
import { changed, healthy, minutesAgo, print, seen, stack, unseen, valuesOf } from "./healthy.ts";

const name = "langfuse-secret-key";
const target = "langfuse-secrets";

interface Held {
  source: string;
  vault: string;
  secret: string;
}

/** A snapshot in which each place holds what `held` says, and `.env` the new value. */
function snapshotOf(held: Held, change: Partial<Snapshot> = {}): Snapshot {
  const before = healthy();
  return {
    ...before,
    dotenv: seen([{ keyVaultName: name, fingerprint: print("new") }]),
    keyVault: seen(
      valuesOf(before.keyVault).map((one) => ({
        ...one,
        fingerprint: print(one.name === name ? held.source : one.name),
      })),
    ),
    vault: {
      ...before.vault,
      secrets: changed(before.vault.secrets, ({ path }) => path === name, { fingerprint: print(held.vault) }),
    },
    secrets: changed(before.secrets, (one) => one.name === target, {
      keys: { LANGFUSE_SECRET_KEY: print(held.secret) },
      changedAt: minutesAgo(5),
    }),
    ...change,
  };
}

/** Places that take the value over when their action runs, as the real ones do. */
function world(held: Held, broken?: keyof RotationActions) {
  const calls: string[] = [];
  const step = (action: keyof RotationActions, take: () => void) => () => {
    calls.push(action);
    if (action !== broken) take();
    return Promise.resolve();
  };
  const actions: RotationActions = {
    "key-vault": step("key-vault", () => (held.source = "new")),
    vault: step("vault", () => (held.vault = held.source)),
    "external-secret": step("external-secret", () => (held.secret = held.vault)),
    look: () => Promise.resolve(snapshotOf(held)),
  };
  return { calls, actions };
}

const options = { signal: new AbortController().signal, pauseInMilliseconds: 1 };

describe("rotate", () => {
  it("writes once, then delivers the value step by step", async () => {
    const { calls, actions } = world({ source: "old", vault: "old", secret: "old" });
    const reported: string[] = [];
    const report = await rotate(name, stack, actions, {
      ...options,
      onAct: (step) => reported.push(`begins ${step}`),
      onStep: (step) => reported.push(`holds ${step}`),
    });
    assert.deepEqual(reported.slice(0, 4), ["begins key-vault", "holds key-vault", "begins vault", "holds vault"]);
    assert.deepEqual(calls, ["key-vault", "vault", "external-secret"]);
    assert.deepEqual(
      report.reached.map(({ step }) => step),
      ["key-vault", "vault", "external-secret", "pods"],
    );
    assert.equal(report.stuckAt, undefined);
  });
  it("does only what is left when it is run again", async () => {
    const { calls, actions } = world({ source: "new", vault: "new", secret: "old" });
    await rotate(name, stack, actions, options);
    assert.deepEqual(calls, ["external-secret"]);
  });
  it("does nothing if every step has the value", async () => {
    const { calls, actions } = world({ source: "new", vault: "new", secret: "new" });
    await rotate(name, stack, actions, options);
    assert.deepEqual(calls, []);
  });
  it("stops at a step that does not get the value, without a second attempt, and names what it waits for", async () => {
    const { calls, actions } = world({ source: "old", vault: "old", secret: "old" }, "vault");
    const report = await rotate(name, stack, actions, options);
    assert.deepEqual(calls, ["key-vault", "vault"]);
    assert.deepEqual(report.stuckAt, {
      step: "vault",
      waitingFor: [`Vault secret/${name}`],
      restarts: [],
      follows: [],
    });
  });
  it("stops soon if consumers may not be read, because the refusal does not go away", async () => {
    const { actions } = world({ source: "new", vault: "new", secret: "new" });
    let looks = 0;
    const look = async () => {
      looks += 1;
      return { ...(await actions.look()), pods: unseen("forbidden", "cannot list pods") };
    };
    const { stuckAt } = await rotate(name, stack, { ...actions, look }, options);
    assert.deepEqual(stuckAt?.waitingFor, ["could not be checked: read it: cannot list pods"]);
    assert.ok(looks <= 6, String(looks));
  });
});

describe("rotationState", () => {
  const held = { source: "new", vault: "new", secret: "new" };
  const pod = (reloaded: boolean): Partial<Snapshot> => {
    const secrets = [{ secret: target, by: "environment" as const }];
    const reloads = reloaded ? [target] : [];
    return {
      workloads: seen([{ namespace: "ameide-dev", kind: "Deployment", name: "langfuse", secrets, reloads }]),
      pods: seen([
        {
          namespace: "ameide-dev",
          name: "langfuse-1",
          phase: "Running",
          createdAt: minutesAgo(60),
          startedAt: minutesAgo(60),
          imagePullSecrets: [],
          owner: "ReplicaSet/langfuse-6f7d",
          containers: [],
          secrets,
        },
      ]),
    };
  };
  it("trusts vault-bootstrap's metadata if Vault's data may not be read and it names the version with the value", () => {
    const before = snapshotOf(held);
    const mark = {
      "managed-by": "ameide-secrets/vault-bootstrap",
      "source-version": "a2",
      "vault-version": "4",
    };
    const unread = (customMetadata: Readonly<Record<string, string>>): Snapshot => ({
      ...before,
      keyVault: changed(before.keyVault, (one) => one.name === name, { version: "a2" }),
      vault: {
        ...before.vault,
        secrets: seen([
          ...valuesOf(before.vault.secrets).filter(({ path }) => path !== name),
          { path: name, state: "live", version: 4, customMetadata },
        ]),
      },
    });
    assert.equal(rotationState(unread(mark), stack, name).step, "done");
    assert.deepEqual(rotationState(unread({ ...mark, "source-version": "a1" }), stack, name), {
      step: "vault",
      waitingFor: [`Vault secret/${name}: its value was not read`],
      restarts: [],
      follows: [],
      isUnseen: true,
    });
  });
  it("waits for a pod that Reloader restarts", () =>
    assert.deepEqual(rotationState(snapshotOf(held, pod(true)), stack, name), {
      step: "pods",
      waitingFor: ["ameide-dev Deployment/langfuse"],
      restarts: [],
      follows: [],
    }));
  it("is done although a person must restart some workloads, and lists them", () =>
    assert.deepEqual(rotationState(snapshotOf(held, pod(false)), stack, name), {
      step: "done",
      waitingFor: [],
      restarts: ["ameide-dev Deployment/langfuse"],
      follows: [],
    }));
  /** Ours, and one that a service created for the same path, with the time of its last sync. */
  const withTheirs = (minutes: number): Snapshot["externalSecrets"] => {
    const ours = valuesOf(healthy().externalSecrets);
    const [one] = ours;
    assert.ok(one !== undefined);
    const theirs = { ...one, name: "chat", target: "chat", remoteKeys: [name], refreshedAt: minutesAgo(minutes) };
    return seen([...ours, theirs]);
  };
  it("waits for ExternalSecrets of other owners until they have synced after the write", () => {
    const others = (minutes: number): Partial<Snapshot> => ({ externalSecrets: withTheirs(minutes) });
    assert.deepEqual(rotationState(snapshotOf(held, others(501)), stack, name), {
      step: "external-secret",
      waitingFor: ["ExternalSecret ameide-dev/chat, created by another owner"],
      restarts: [],
      follows: [],
    });
    assert.equal(rotationState(snapshotOf(held, others(499)), stack, name).step, "done");
    const blind = snapshotOf(held, { externalSecrets: unseen("forbidden", "cannot list externalsecrets") });
    assert.equal(rotationState(blind, stack, name).isUnseen, true);
  });
  it("lists a workload once that reads the value from two Secrets", () => {
    const secrets = [
      { secret: target, by: "volume" as const },
      { secret: "chat", by: "volume" as const },
    ];
    const workloads = seen([{ namespace: "ameide-dev", kind: "Deployment", name: "mounted", secrets, reloads: [] }]);
    const externalSecrets = withTheirs(1);
    const { follows } = rotationState(snapshotOf(held, { workloads, externalSecrets }), stack, name);
    assert.deepEqual(follows, ["ameide-dev Deployment/mounted"]);
  });
  it("decides by the time of the write to Vault which readers of another owner's Secret need a restart", () => {
    const externalSecrets = withTheirs(1);
    const { workloads, pods } = pod(false);
    assert.ok(workloads?.ok === true && pods?.ok === true);
    const secrets = [{ secret: "chat", by: "environment" as const }];
    const restarts = (startedAt: string) => {
      const theirs = {
        workloads: seen(workloads.value.map((each) => ({ ...each, secrets }))),
        pods: seen(pods.value.map((each) => ({ ...each, secrets, startedAt }))),
      };
      return rotationState(snapshotOf(held, { ...theirs, externalSecrets }), stack, name).restarts;
    };
    assert.deepEqual(restarts(minutesAgo(501)), ["ameide-dev Deployment/langfuse"]);
    assert.deepEqual(restarts(minutesAgo(499)), []);
  });
  it("lists those that read it from a file, and waits for none of them", () => {
    const secrets = [{ secret: target, by: "volume" as const }];
    const workloads = seen([{ namespace: "ameide-dev", kind: "Deployment", name: "mounted", secrets, reloads: [] }]);
    assert.deepEqual(rotationState(snapshotOf(held, { workloads }), stack, name), {
      step: "done",
      waitingFor: [],
      restarts: [],
      follows: ["ameide-dev Deployment/mounted"],
    });
  });
  it("lists those with a subPath mount for a restart, because their file does not change", () => {
    const { workloads, pods } = pod(false);
    assert.ok(workloads?.ok === true && pods?.ok === true);
    const secrets = [{ secret: target, by: "sub-path" as const }];
    const mounted = {
      workloads: seen(workloads.value.map((each) => ({ ...each, secrets }))),
      pods: seen(pods.value.map((each) => ({ ...each, secrets }))),
    };
    const { restarts, follows } = rotationState(snapshotOf(held, mounted), stack, name);
    assert.deepEqual([restarts, follows], [["ameide-dev Deployment/langfuse"], []]);
  });
  it("waits for no pod of another workload with a similar name, or of one that does not read it", () => {
    const { workloads, pods } = pod(true);
    const [old] = pods?.ok === true ? pods.value : [];
    assert.ok(old !== undefined && workloads !== undefined);
    const namesake = { ...old, name: "langfuse-worker-1", owner: "ReplicaSet/langfuse-worker-6f7d" };
    const without = { ...old, name: "langfuse-2", secrets: [] };
    const others = { workloads, pods: seen([namesake, without]) };
    assert.equal(rotationState(snapshotOf(held, others), stack, name).step, "done");
  });
  it("is not done if consumers may not be read, and names the missing right", () => {
    for (const part of ["pods", "workloads"] as const) {
      const refused = { ...pod(true), [part]: unseen("forbidden", `cannot list resource "${part}"`) };
      assert.deepEqual(rotationState(snapshotOf(held, refused), stack, name), {
        step: "pods",
        waitingFor: [`could not be checked: read it: cannot list resource "${part}"`],
        restarts: [],
        follows: [],
        isUnseen: true,
      });
    }
  });
});
