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
  it("writes what is absent with CAS 0, and what differs with the version that was read", () => {
    assert.deepEqual(decide(secret, { vault: absent, item, source }, rules), write(0));
    assert.deepEqual(decide(secret, { vault: ours, item, source, ...held("old") }, rules), write(3));
    assert.deepEqual(decide(secret, { vault: { ...ours, live: false }, item, source }, rules), write(3));
  });

  it("writes nothing where the value is the same already, whoever wrote it, and records it", () => {
    for (const vault of [ours, unmarked]) {
      assert.deepEqual(decide(secret, { vault, item, source, ...held("new") }, rules), { kind: "record" });
    }
  });

  it("claims an unmarked value that is nobody's, or the source's own of before, or where the stack says so", () => {
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

  it("never writes where another writer is named, whatever else is true", () => {
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

  it("never writes with another CAS than the version that was read, nor a generated value over any version", () => {
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

  it("generates only where no version ever was: a deleted one and a placeholder are kept and told", () => {
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

  it("writes a fixture only where fixtures are allowed and no version ever was", () => {
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

  it("fails on a value that must not be carried, and accepts a fixture and a sample where they belong", () => {
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

  it("refuses an expired value where the environment says so, unless Vault holds it already", () => {
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

  it("leaves what the source no longer has", () => {
    for (const gone of [{}, { item: { ...item, enabled: false } }]) {
      const action = decide(secret, { vault: ours, ...gone }, rules);
      assert.equal(action.kind === "leave" && action.outcome, "unchanged");
      assert.match(action.kind === "leave" ? (action.reason ?? "") : "", /the value in Vault stays/);
    }
  });
});

describe("isProvenUnchanged", () => {
  it("is true only while every part of the proof holds", () => {
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
  it("reads neither end of what is proven, absent from the source or disabled", () => {
    const none = { source: false, vault: false };
    assert.deepEqual(readsFor(secret, { vault: ours, item }), none);
    assert.deepEqual(readsFor(secret, { vault: ours }), none);
    assert.deepEqual(readsFor(secret, { vault: ours, item: { ...item, enabled: false } }), none);
    assert.deepEqual(readsFor(generated, { vault: ours }), none);
  });

  it("reads the source of what changed, and Vault where there is something to compare", () => {
    assert.deepEqual(readsFor(secret, { vault: absent, item }), { source: true, vault: false });
    assert.deepEqual(readsFor(secret, { vault: unmarked, item }), { source: true, vault: true });
    assert.deepEqual(readsFor(generated, { vault: unmarked }), { source: false, vault: true });
  });
});

describe("needsProvenance", () => {
  it("asks for earlier versions only where they decide", () => {
    const facts = { vault: unmarked, item, source, ...held("live") };
    assert.ok(needsProvenance(secret, facts, rules));
    assert.ok(!needsProvenance(secret, facts, { ...rules, claimUnmarked: true }));
    assert.ok(!needsProvenance(secret, { ...facts, vault: ours }, rules));
    for (const value of ["new", "CHANGEME"]) assert.ok(!needsProvenance(secret, { ...facts, ...held(value) }, rules));
  });
});

describe("recordFor", () => {
  it("keeps what others put beside it, and drops what no longer holds", () => {
    const vault = { ...ours, customMetadata: { ...ours.customMetadata, team: "platform" } };
    assert.deepEqual(recordFor(secret, { vault }, 4), {
      team: "platform",
      "managed-by": managedByBootstrap,
      authority: "external",
      "vault-version": "4",
    });
  });

  it("is not written again where Vault holds this very record", () => {
    const record = recordFor(secret, { vault: ours, source }, 3);
    assert.ok(isRecorded({ ...ours, customMetadata: record }, record));
    assert.ok(!isRecorded({ ...ours, customMetadata: record, casRequired: false }, record));
    assert.ok(!isRecorded({ ...ours, customMetadata: { ...record, more: "x" } }, record));
    assert.ok(!isRecorded(ours, record));
  });
});
