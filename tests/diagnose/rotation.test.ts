import assert from "node:assert/strict";
import type { Snapshot } from "../../domain/snapshot.ts";
import { rotate, rotationAges, rotationState, type RotationActions } from "../../diagnose/rotation.ts";
import { environmentStack } from "../support/stacks.ts";
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
    write: step("write", () => (held.source = "new")),
    runBootstrap: step("runBootstrap", () => (held.vault = held.source)),
    resync: step("resync", () => (held.secret = held.vault)),
    look: () => Promise.resolve(snapshotOf(held)),
  };
  return { calls, actions };
}

const options = { signal: new AbortController().signal, pauseInMilliseconds: 1 };

describe("rotate", () => {
  it("writes once, then carries the value hop by hop to its end", async () => {
    const { calls, actions } = world({ source: "old", vault: "old", secret: "old" });
    const told: string[] = [];
    const report = await rotate(name, stack, actions, {
      ...options,
      onAct: (step) => told.push(`begins ${step}`),
      onStep: (step) => told.push(`holds ${step}`),
    });
    assert.deepEqual(told.slice(0, 4), ["begins key-vault", "holds key-vault", "begins vault", "holds vault"]);
    assert.deepEqual(calls, ["write", "runBootstrap", "resync"]);
    assert.deepEqual(
      report.reached.map(({ step }) => step),
      ["key-vault", "vault", "external-secret", "pods"],
    );
    assert.equal(report.stuckAt, undefined);
  });
  it("does again only what is still to be done when it is run anew", async () => {
    const { calls, actions } = world({ source: "new", vault: "new", secret: "old" });
    await rotate(name, stack, actions, options);
    assert.deepEqual(calls, ["resync"]);
  });
  it("does nothing to a secret that holds the value everywhere", async () => {
    const { calls, actions } = world({ source: "new", vault: "new", secret: "new" });
    await rotate(name, stack, actions, options);
    assert.deepEqual(calls, []);
  });
  it("stops where a hop does not take the value, acting on it no second time, and names what it waits for", async () => {
    const { calls, actions } = world({ source: "old", vault: "old", secret: "old" }, "runBootstrap");
    const report = await rotate(name, stack, actions, options);
    assert.deepEqual(calls, ["write", "runBootstrap"]);
    assert.deepEqual(report.stuckAt, {
      step: "vault",
      waitingFor: [`Vault secret/${name}`],
      restarts: [],
      follows: [],
    });
  });
  it("stops after few looks where consumers may not be looked at: what is refused stays refused", async () => {
    const { actions } = world({ source: "new", vault: "new", secret: "new" });
    let looks = 0;
    const look = async () => {
      looks += 1;
      return { ...(await actions.look()), pods: unseen("forbidden", "cannot list pods") };
    };
    const { stuckAt } = await rotate(name, stack, { ...actions, look }, options);
    assert.deepEqual(stuckAt?.waitingFor, ["could not be looked at: read it: cannot list pods"]);
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
          labels: {},
          phase: "Running",
          createdAt: minutesAgo(60),
          startedAt: minutesAgo(60),
          serviceAccount: "default",
          imagePullSecrets: [],
          owner: "ReplicaSet/langfuse-6f7d",
          containers: [],
          secrets,
        },
      ]),
    };
  };
  it("believes the mark of vault-bootstrap where Vault's data may not be read, if it names the version that holds the value", () => {
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
    assert.equal(rotationState(unread(mark), stack, name, "new").step, "done");
    assert.deepEqual(rotationState(unread({ ...mark, "source-version": "a1" }), stack, name, "new"), {
      step: "vault",
      waitingFor: [`Vault secret/${name}: its value was not read`],
      restarts: [],
      follows: [],
      isUnseen: true,
    });
  });
  it("waits for a pod that Reloader restarts", () =>
    assert.deepEqual(rotationState(snapshotOf(held, pod(true)), stack, name, "new"), {
      step: "pods",
      waitingFor: ["ameide-dev Deployment/langfuse"],
      restarts: [],
      follows: [],
    }));
  it("is done with the list of those that a person must restart", () =>
    assert.deepEqual(rotationState(snapshotOf(held, pod(false)), stack, name, "new"), {
      step: "done",
      waitingFor: [],
      restarts: ["ameide-dev Deployment/langfuse"],
      follows: [],
    }));
  it("lists those that read it from a file, and waits for none of them", () => {
    const secrets = [{ secret: target, by: "volume" as const }];
    const workloads = seen([{ namespace: "ameide-dev", kind: "Deployment", name: "mounted", secrets, reloads: [] }]);
    assert.deepEqual(rotationState(snapshotOf(held, { workloads }), stack, name, "new"), {
      step: "done",
      waitingFor: [],
      restarts: [],
      follows: ["ameide-dev Deployment/mounted"],
    });
  });
  it("waits for no pod of another workload whose name begins with this one's, nor for one that does not read it", () => {
    const { workloads, pods } = pod(true);
    const [old] = pods?.ok === true ? pods.value : [];
    assert.ok(old !== undefined && workloads !== undefined);
    const namesake = { ...old, name: "langfuse-worker-1", owner: "ReplicaSet/langfuse-worker-6f7d" };
    const without = { ...old, name: "langfuse-2", secrets: [] };
    const others = { workloads, pods: seen([namesake, without]) };
    assert.equal(rotationState(snapshotOf(held, others), stack, name, "new").step, "done");
  });
  it("is not done where consumers may not be looked at: it names the right that is missing", () => {
    for (const part of ["pods", "workloads"] as const) {
      const refused = { ...pod(true), [part]: unseen("forbidden", `cannot list resource "${part}"`) };
      assert.deepEqual(rotationState(snapshotOf(held, refused), stack, name, "new"), {
        step: "pods",
        waitingFor: [`could not be looked at: read it: cannot list resource "${part}"`],
        restarts: [],
        follows: [],
        isUnseen: true,
      });
    }
  });
});

describe("rotationAges", () => {
  const { catalogue } = stack;
  const token = { authority: "external" as const, env: "GHCR_TOKEN", rotateEvery: "90d", owner: "platform" };
  const key = { authority: "external" as const, env: "OPENAI_API_KEY", rotateEvery: "365d" };
  const other = { authority: "external" as const, env: "ANTHROPIC_API_KEY", rotateEvery: "30d" };
  const secrets = { "ghcr-token": token, "openai-api-key": key, "anthropic-api-key": other };
  const aged = environmentStack(
    "dev",
    {},
    { catalogue: { ...catalogue, secrets: { ...catalogue.secrets, ...secrets } } },
  );
  const keyVault = changed(healthy(aged).keyVault, () => true, { updatedAt: minutesAgo(100 * 24 * 60) });
  const ages = rotationAges({ ...healthy(aged), keyVault }, aged);

  it("puts what is over its age first, by how much", () =>
    assert.deepEqual(ages.slice(0, 2), [
      { name: "anthropic-api-key", ageInDays: 100, rotateEveryInDays: 30, due: true },
      { name: "ghcr-token", ageInDays: 100, rotateEveryInDays: 90, due: true, owner: "platform" },
    ]));
  it("counts from the day that the value was written, not from the last new tag", () => {
    const tagged = changed(keyVault, () => true, { createdAt: minutesAgo(100 * 24 * 60), updatedAt: minutesAgo(60) });
    assert.deepEqual(rotationAges({ ...healthy(aged), keyVault: tagged }, aged), ages);
  });
  it("lists the others with their ages, those too that may become as old as they like", () => {
    const rest = Object.fromEntries(ages.slice(2).map(({ name, ...age }) => [name, age]));
    assert.deepEqual(rest["openai-api-key"], { ageInDays: 100, rotateEveryInDays: 365, due: false });
    assert.equal(rest["ghcr-username"]?.due, false);
  });
  it("lists nothing of what vault-bootstrap generates: that has no age in Key Vault", () =>
    assert.ok(ages.every(({ name }) => aged.catalogue.secrets[name]?.authority === "external")));
});
