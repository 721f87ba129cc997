import assert from "node:assert/strict";
import { lintSources } from "../../policies/lint/lint.ts";
import { isSet, markedSecret, secretOrDefault, text, Undecided } from "../../policies/subject/reading.ts";
import { policyCatalogue, said, saidBy, unknown } from "../support/policy.ts";
import { examples } from "./examples/all.ts";
import { changed, type Path, type Sample } from "./examples/example.ts";
import { authConfig } from "./examples/samples.ts";

function rootOf(sample: Sample): unknown {
  return "document" in sample ? sample.document : "values" in sample ? sample.values : sample.props;
}

/** Paths that `full` has and `less` lacks. */
function leftOut(full: unknown, less: unknown, path: Path = []): readonly Path[] {
  if (typeof full !== "object" || full === null || typeof less !== "object" || less === null) return [];
  return Object.entries(full).flatMap(([key, value]): readonly Path[] => {
    const own = [...path, Array.isArray(full) ? Number(key) : key];
    if (!Object.hasOwn(less, key)) return Array.isArray(full) ? [] : [own];
    return leftOut(value, (less as Record<string, unknown>)[key], own);
  });
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, key) => (here as Record<string | number, unknown>)[key], value);
}

/** What providers answer for a field that the program leaves out, in the field's own type. */
function defaultsOf(value: unknown): readonly unknown[] {
  if (typeof value === "string") return [null, ""];
  if (Array.isArray(value)) return [null, []];
  return [null];
}

/** An empty value is a fault of its own: these say so. */
const emptyIsJudged = new Set(["key-vault-secret-size"]);

describe("a field that a provider filled in with nothing", () => {
  for (const example of examples) {
    const { rule, allowed, refused, absent } = example;
    // a rule that asks for absence has it in what it refuses
    const full = leftOut(rootOf(allowed), rootOf(absent)).length > 0 ? allowed : refused;
    const paths = leftOut(rootOf(full), rootOf(absent));
    if (paths.length === 0 || emptyIsJudged.has(rule)) continue;
    it(`is judged by ${rule} as if it were left out: ${paths.map((path) => path.join(".")).join(", ")}`, () => {
      const without = changed(full, ...paths.map((path) => [path, undefined] as const));
      for (const path of paths) {
        for (const value of defaultsOf(at(rootOf(full), path)))
          assert.deepEqual(said(example, changed(without, [path, value])), said(example, without), String(value));
      }
    });
  }
  it("does not count as a pinned reviewer token if the real Vault provider filled it in", () => {
    for (const value of ["", null, false]) {
      const filled = changed(authConfig, [["tokenReviewerJwt"], value], [["tokenReviewerJwtWo"], null]);
      assert.deepEqual(saidBy("vault-reviewer-token", filled), []);
    }
    assert.equal(saidBy("vault-reviewer-token", changed(authConfig, [["tokenReviewerJwt"], unknown])).length, 1);
  });
  it("does not count as a pinned CA when it is read back", () =>
    assert.deepEqual(saidBy("vault-auth-config", changed(authConfig, [["kubernetesCaCert"], ""])), []));
});

describe("isSet", () => {
  it("counts what providers fill in as absent, and a secret as set", () => {
    for (const value of [undefined, null, "", false, 0, []]) assert.equal(isSet({ key: value }, "key"), false);
    for (const value of ["x", true, 1, [1], {}, markedSecret, unknown])
      assert.equal(isSet({ key: value }, "key"), true);
    assert.equal(isSet({}, "key"), false);
    assert.equal(isSet(undefined, "key"), false);
  });
  it("cannot distinguish a secret from a default if the state does not show it", () =>
    assert.throws(() => isSet({ key: secretOrDefault }, "key"), Undecided));
});

describe("text", () => {
  it("treats an empty text and null as absent", () =>
    assert.deepEqual(
      [text({ a: "" }, "a"), text({ a: null }, "a"), text({ a: 80 }, "a")],
      [undefined, undefined, "80"],
    ));
});

describe("lint of a state file", () => {
  const encrypted = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:abc",
  };
  const linted = (type: string, inputs: object): readonly string[] => {
    const urn = `urn:pulumi:prod::ameide-secrets::${type}::one`;
    const resource = { urn, type, protect: true, inputs };
    const text = JSON.stringify({ version: 3, deployment: { resources: [resource] } }, undefined, 2);
    const options = { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" };
    const { findings, skipped } = lintSources([{ file: "state.json", text }], options);
    return [...findings.map(({ code }) => code), ...skipped.map(({ line, reason }) => `${line} ${reason}`)];
  };
  const config = (defaults: readonly string[] | undefined): readonly string[] =>
    linted("vault:kubernetes/authBackendConfig:AuthBackendConfig", {
      ...("props" in authConfig ? authConfig.props : {}),
      tokenReviewerJwt: encrypted,
      ...(defaults === undefined ? {} : { __defaults: defaults }),
    });

  it("passes an encrypted reviewer token that the provider filled in", () =>
    assert.deepEqual(config(["tokenReviewerJwt"]), []));
  it("refuses one that it did not", () => {
    assert.deepEqual(config(["anotherField"]), ["vault-reviewer-token"]);
    assert.deepEqual(config(undefined), ["vault-reviewer-token"]);
  });
  it("reports that it cannot decide after a refresh, which forgets what was filled in", () =>
    assert.deepEqual(config([]), [
      "6 cannot be judged by vault-reviewer-token: tokenReviewerJwt is encrypted in the state",
    ]));
  it("refuses a token of the Vault provider, which is never filled in", () =>
    assert.deepEqual(linted("pulumi:providers:vault", { token: encrypted }), ["vault-provider-token"]));
  it("reports which rules cannot judge an encrypted value", () =>
    assert.deepEqual(
      linted("azure-native:keyvault:Secret", { secretName: "ghcr-token", properties: { value: encrypted } }),
      [
        "6 cannot be judged by placeholder-fixture, placeholder-marker, placeholder-unrendered, key-vault-secret-size: properties.value is encrypted in the state",
      ],
    ));
});
