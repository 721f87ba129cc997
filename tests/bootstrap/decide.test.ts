import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decide,
  isProvenUnchanged,
  isRecorded,
  needsProvenance,
  readsFor,
  recordFor,
  type Facts,
  type CarriedSecret,
} from "../../bootstrap/decide.ts";
import type { SourceItem, SourceValue } from "../../bootstrap/source.ts";
import { absent, type VaultState } from "../../bootstrap/vault-kv.ts";
import { managedByBootstrap } from "../../domain/bootstrap-config.ts";
import { Redacted } from "../../domain/redacted.ts";

const rules = {
  environment: "prod" as const,
  fixtures: { values: ["minioadmin"], placeholders: ["CHANGEME"] },
  fixturesAllowed: false,
  expiredRefused: false,
  claimUnmarked: false,
};
const secret: CarriedSecret = { name: "a", authority: "external", source: "env-a", path: "a", required: false };
const generated: CarriedSecret = { name: "g", authority: "generated", path: "g", required: false };
const item: SourceItem = { name: "env-a", enabled: true, stamp: "2026-01-01T00:00:00.000Z", settled: true };
const source: SourceValue = { value: new Redacted("new"), version: "v2", stamp: item.stamp, settled: true };
const unmarked: VaultState = { currentVersion: 3, live: true, customMetadata: {}, casRequired: false };
const ours: VaultState = {
  ...unmarked,
  casRequired: true,
  customMetadata: {
    "managed-by": managedByBootstrap,
    "vault-version": "3",
    "source-updated": item.stamp,
    "source-version": "v1",
  },
};
const foreign: VaultState = { ...unmarked, customMetadata: { "managed-by": "external-secrets" } };

const held = (value: string): Pick<Facts, "held"> => ({ held: new Redacted(value) });
const write = (cas: number) => ({ kind: "write", origin: "source", cas });

describe("decide", () => {
  it("writes an absent value with CAS 0, and a different one with the version that was read", () => {
    assert.deepEqual(decide(secret, { vault: absent, item, source }, rules), write(0));
    assert.deepEqual(decide(secret, { vault: ours, item, source, ...held("old") }, rules), write(3));
    assert.deepEqual(decide(secret, { vault: { ...ours, live: false }, item, source }, rules), write(3));
  });

  it("writes nothing if the value is already the same, whoever wrote it, and records it", () => {
    for (const vault of [ours, unmarked]) {
      assert.deepEqual(decide(secret, { vault, item, source, ...held("new") }, rules), { kind: "record" });
    }
  });

  it("overwrites an unmarked value if it is a marker, an earlier value of the source, or the stack allows it", () => {
    for (const value of ["changeme", "minioadmin", " "]) {
      assert.deepEqual(decide(secret, { vault: unmarked, item, source, ...held(value) }, rules), write(3));
    }
    const facts = { vault: unmarked, item, source, ...held("live") };
    assert.deepEqual(decide(secret, { ...facts, heldBefore: true }, rules), write(3));
    assert.deepEqual(decide(secret, facts, { ...rules, claimUnmarked: true }), write(3));
  });

  it("fails on any other unmarked value, and on one that has no text in `value`", () => {
    for (const facts of [
      { vault: unmarked, item, source, ...held("live") },
      { vault: unmarked, item, source },
    ]) {
      const action = decide(secret, facts, rules);
      assert.equal(action.kind === "leave" && action.cause, "conflict");
    }
  });

  it("never writes over a value that names another writer", () => {
    const state = fc.record({
      currentVersion: fc.nat(5),
      live: fc.boolean(),
      casRequired: fc.boolean(),
      customMetadata: fc.constant(foreign.customMetadata),
    });
    const facts = fc.record(
      {
        vault: state,
        item: fc.constant(item),
        source: fc.constant(source),
        held: fc.constant(new Redacted("x")),
        heldBefore: fc.boolean(),
      },
      { requiredKeys: ["vault"] },
    );
    fc.assert(
      fc.property(fc.constantFrom(secret, generated), facts, fc.boolean(), (carried, known, claimUnmarked) => {
        const action = decide(carried, known, { ...rules, claimUnmarked, fixturesAllowed: true });
        assert.deepEqual(action, { kind: "leave", outcome: "kept", reason: "managed by external-secrets" });
        assert.deepEqual(readsFor(carried, known), { source: false, vault: false });
      }),
    );
  });

  it("uses the version that was read as CAS, and never writes a generated value over an existing version", () => {
    const state = fc.record({
      currentVersion: fc.nat(5),
      live: fc.boolean(),
      casRequired: fc.boolean(),
      customMetadata: fc.constantFrom<VaultState["customMetadata"]>({}, ours.customMetadata),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(secret, generated),
        state,
        fc.option(fc.string(), { nil: undefined }),
        (carried, vault, value) => {
          const facts = { vault, item, source, ...(value === undefined ? {} : held(value)) };
          const action = decide(carried, facts, { ...rules, claimUnmarked: true, fixturesAllowed: true });
          if (action.kind !== "write") return;
          assert.equal(action.cas, vault.currentVersion);
          if (action.origin !== "source") assert.equal(vault.currentVersion, 0);
        },
      ),
    );
  });

  it("generates a value only if no version ever existed; keeps and reports a deleted one and a placeholder", () => {
    assert.deepEqual(decide(generated, { vault: absent }, rules), { kind: "write", origin: "generated", cas: 0 });
    assert.deepEqual(decide(generated, { vault: unmarked, ...held("x") }, rules), {
      kind: "leave",
      outcome: "unchanged",
    });
    for (const facts of [{ vault: { ...ours, live: false } }, { vault: unmarked, ...held("CHANGEME") }]) {
      const action = decide(generated, facts, rules);
      assert.equal(action.kind === "leave" && action.outcome, "kept");
    }
  });

  it("writes a fixture only if fixtures are allowed and no version ever existed", () => {
    const withFixture = { ...secret, fixture: "minioadmin" };
    const allowed = { ...rules, environment: "dev" as const, fixturesAllowed: true };
    assert.deepEqual(decide(withFixture, { vault: absent }, allowed), { kind: "write", origin: "fixture", cas: 0 });
    for (const [facts, given] of [
      [{ vault: absent }, rules],
      [{ vault: unmarked }, allowed],
      [{ vault: { ...unmarked, live: false } }, allowed],
    ] as const) {
      const action = decide(withFixture, facts, given);
      assert.equal(action.kind === "leave" && action.outcome, "unchanged");
    }
  });

  it("refuses a value that must not be copied, and accepts fixtures and samples where they are allowed", () => {
    const refuses = (value: string, given: typeof rules | { environment: "local" | "dev"; fixturesAllowed: true }) => {
      const facts = { vault: absent, item, source: { ...source, value: new Redacted(value) } };
      const action = decide(secret, facts, { ...rules, ...given });
      return action.kind === "leave" && action.cause === "value-refused";
    };
    const local = { environment: "local" as const, fixturesAllowed: true as const };
    const dev = { environment: "dev" as const, fixturesAllowed: true as const };
    assert.ok(
      refuses("", local) && refuses("CHANGEME", local) && !refuses("minioadmin", local) && !refuses("sample-1", local),
    );
    assert.ok(!refuses("minioadmin", dev) && refuses("sample-1", dev));
    assert.ok(refuses("minioadmin", rules) && refuses("sample-1", rules) && !refuses("real", rules));
  });

  it("refuses an expired value if the environment does, unless Vault has it already", () => {
    const expired = { ...item, expiresAt: "2026-01-02T00:00:00.000Z", expired: true };
    const refusing = { ...rules, expiredRefused: true };
    const facts = { vault: ours, item: expired, source, ...held("old") };
    const refused = decide(secret, facts, refusing);
    assert.deepEqual(refused, {
      kind: "leave",
      outcome: "failed",
      cause: "value-refused",
      reason: "env-a expired in the source at 2026-01-02T00:00:00.000Z, and prod refuses it",
    });
    assert.deepEqual(decide(secret, facts, rules), write(3));
    assert.deepEqual(decide(secret, { ...facts, item: { ...expired, expired: false } }, refusing), write(3));
    assert.deepEqual(decide(secret, { ...facts, ...held("new") }, refusing), { kind: "record" });
    const proven = decide(secret, { vault: ours, item: expired }, refusing);
    assert.equal(proven.kind === "leave" && proven.outcome, "unchanged");
  });

  it("leaves a value that the source no longer has", () => {
    for (const gone of [{}, { item: { ...item, enabled: false } }]) {
      const action = decide(secret, { vault: ours, ...gone }, rules);
      assert.equal(action.kind === "leave" && action.outcome, "unchanged");
      assert.match(action.kind === "leave" ? (action.reason ?? "") : "", /the value in Vault stays/);
    }
  });
});

describe("isProvenUnchanged", () => {
  it("is true only if every part of the proof is valid", () => {
    assert.ok(isProvenUnchanged(ours, item));
    const broken: [VaultState, SourceItem][] = [
      [{ ...ours, currentVersion: 4 }, item],
      [{ ...ours, live: false }, item],
      [{ ...ours, casRequired: false }, item],
      [{ ...ours, customMetadata: { ...ours.customMetadata, "managed-by": "another" } }, item],
      [ours, { ...item, settled: false }],
      [ours, { ...item, stamp: "2026-01-01T00:00:01.000Z" }],
    ];
    for (const [vault, listed] of broken) assert.ok(!isProvenUnchanged(vault, listed));
  });

  it("is false for what was recorded before it had settled", () => {
    const record = recordFor(secret, { vault: ours, source: { ...source, settled: false } }, 3);
    assert.ok(!isProvenUnchanged({ ...ours, customMetadata: record }, item));
    assert.ok(isProvenUnchanged({ ...ours, customMetadata: recordFor(secret, { vault: ours, source }, 3) }, item));
  });
});

describe("readsFor", () => {
  it("reads neither side of a secret that is proven unchanged, absent from the source or disabled", () => {
    const none = { source: false, vault: false };
    assert.deepEqual(readsFor(secret, { vault: ours, item }), none);
    assert.deepEqual(readsFor(secret, { vault: ours }), none);
    assert.deepEqual(readsFor(secret, { vault: ours, item: { ...item, enabled: false } }), none);
    assert.deepEqual(readsFor(generated, { vault: ours }), none);
  });

  it("reads the source of a changed secret, and Vault if there is something to compare", () => {
    assert.deepEqual(readsFor(secret, { vault: absent, item }), { source: true, vault: false });
    assert.deepEqual(readsFor(secret, { vault: unmarked, item }), { source: true, vault: true });
    assert.deepEqual(readsFor(generated, { vault: unmarked }), { source: false, vault: true });
  });
});

describe("needsProvenance", () => {
  it("reads earlier versions only if they decide", () => {
    const facts = { vault: unmarked, item, source, ...held("live") };
    assert.ok(needsProvenance(secret, facts, rules));
    assert.ok(!needsProvenance(secret, facts, { ...rules, claimUnmarked: true }));
    assert.ok(!needsProvenance(secret, { ...facts, vault: ours }, rules));
    for (const value of ["new", "CHANGEME"]) assert.ok(!needsProvenance(secret, { ...facts, ...held(value) }, rules));
  });
});

describe("recordFor", () => {
  it("keeps metadata of other writers, and drops what is no longer true", () => {
    const vault = { ...ours, customMetadata: { ...ours.customMetadata, team: "platform" } };
    assert.deepEqual(recordFor(secret, { vault }, 4), {
      team: "platform",
      "managed-by": managedByBootstrap,
      authority: "external",
      "vault-version": "4",
    });
  });

  it("is not written again if Vault has the same record", () => {
    const record = recordFor(secret, { vault: ours, source }, 3);
    assert.ok(isRecorded({ ...ours, customMetadata: record }, record));
    assert.ok(!isRecorded({ ...ours, customMetadata: record, casRequired: false }, record));
    assert.ok(!isRecorded({ ...ours, customMetadata: { ...record, more: "x" } }, record));
    assert.ok(!isRecorded(ours, record));
  });
});
