import assert from "node:assert/strict";
import { z } from "zod";
import { formatPath, schemaFindings, valueAt, type DocumentKind, type KeyPath } from "../../domain/schema-findings.ts";

const schema = z.strictObject({
  union: z
    .discriminatedUnion("kind", [z.strictObject({ kind: z.literal("a") }), z.strictObject({ kind: z.literal("b") })])
    .optional(),
  count: z.int().min(3).max(5).optional(),
  list: z.array(z.string()).min(1).optional(),
  text: z.string().min(2).max(3).optional(),
  names: z.record(z.string().regex(/^[a-z]+$/, "use letters"), z.string()).optional(),
  choice: z.enum(["p", "q"]).optional(),
  id: z.guid().optional(),
  date: z.iso.date().optional(),
  address: z.url().optional(),
  flag: z.boolean().optional(),
  coloured: z.string().regex(/^red$/, "use red").optional(),
  checked: z
    .string()
    .refine(() => false, "no text will do")
    .optional(),
  needed: z.string(),
});

const kind: DocumentKind = {
  code: "document-invalid",
  stageOf: () => "vault",
  whereOf: (path: KeyPath, at) => `${at}:${path.join("/")}`,
  keysAt: (path) => (path.length === 0 ? ["count", "choice"] : []),
};

/** `where: problem; fix` of each finding about a document. */
function reported(document: Readonly<Record<string, unknown>>): readonly string[] {
  const { error } = schema.safeParse(document);
  const findings = error === undefined ? [] : schemaFindings(error, document, kind);
  return findings.map(({ where = "", problem, fix }) => `${where}: ${problem}; ${fix}`);
}

describe("schemaFindings", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ["a wrong kind of a union", { union: { kind: "c" } }, 'value:union/kind: union.kind is "c"; use one of a, b'],
    ["a number over its bound", { count: 9 }, "value:count: count is 9; use at most 5"],
    ["a number under its bound", { count: 1 }, "value:count: count is 1; use at least 3"],
    ["a number that is not whole", { count: 3.5 }, "value:count: count is 3.5; give a whole number"],
    ["a list that is empty", { list: [] }, "value:list: list is a list; use at least 1 entry"],
    ["a text that is too long", { text: "abcd" }, 'value:text: text is "abcd"; use at most 3 characters'],
    ["a text that is too short", { text: "a" }, 'value:text: text is "a"; use at least 2 characters'],
    [
      "a name that is not valid, at its key",
      { names: { A1: "x" } },
      "key:names/A1: names.A1 is not a valid name; use letters",
    ],
    ["a value outside a choice", { choice: "z" }, 'value:choice: choice is "z"; use one of p, q'],
    [
      "a GUID that is none",
      { id: "mine" },
      'value:id: id is "mine"; use a GUID, such as 00000000-0000-0000-0000-000000000000',
    ],
    ["a date that is none", { date: "today" }, 'value:date: date is "today"; use a date, such as 2025-12-31'],
    ["an address that is none", { address: "here" }, 'value:address: address is "here"; use an http or https address'],
    [
      "a text that a pattern refuses, by the schema's own words",
      { coloured: "blue" },
      'value:coloured: coloured is "blue"; use red',
    ],
    ["what a check by code refuses", { checked: "x" }, 'value:checked: checked is "x"; no text will do'],
    ["a text in place of true or false", { flag: "yes" }, 'value:flag: flag is "yes"; give true or false'],
    ["a map in place of a text", { text: { a: 1 } }, "value:text: text is a map; give a text"],
    ["nothing in place of a list", { list: null }, "value:list: list is empty; give a list"],
    ["a list's entry by its place", { list: ["a", 7] }, "value:list/1: list[1] is 7; give a text"],
    [
      "a key that is not known, with the nearest",
      { cuont: 4 },
      "key:cuont: cuont is not a known key; did you mean count?; allowed: count, choice",
    ],
    ["a key that is like none", { xyz: 4 }, "key:xyz: xyz is not a known key; remove it; allowed: count, choice"],
    [
      "a key below, where the allowed ones are not known",
      { union: { kind: "a", more: 1 } },
      "key:union/more: union.more is not a known key; remove it",
    ],
  ];
  for (const [what, parts, expected] of cases)
    it(`fails ${what}`, () => assert.deepEqual(reported({ needed: "x", ...parts }), [expected]));

  it("reports what is missing, at the key where it belongs", () => {
    assert.deepEqual(reported({}), ["key:needed: needed is missing; give a text"]);
  });

  it("shortens a long text", () => {
    const [line = ""] = reported({ needed: "x", text: "x".repeat(80) });
    assert.ok(line.includes(`"${"x".repeat(56)}..."`) && !line.includes("x".repeat(57)));
    assert.ok(reported({ needed: "x", text: "x".repeat(50) })[0]?.includes(`"${"x".repeat(50)}"`));
  });

  it("reports everything at once", () => assert.equal(reported({ count: 1, choice: "z", cuont: 4 }).length, 4));
});

describe("valueAt", () => {
  it("is the value at the path, or undefined if the path ends early", () => {
    const document = { a: [{ b: null }], c: "text" };
    assert.deepEqual([valueAt(document, ["a", 0, "b"]), valueAt(document, [])], [null, document]);
    assert.deepEqual(
      [valueAt(document, ["c", "length"]), valueAt(document, ["a", 0, "b", "d"]), valueAt(document, ["x", "y"])],
      [undefined, undefined, undefined],
    );
  });
});

describe("formatPath", () => {
  it("is written as people write it", () => assert.equal(formatPath(["a", 0, "b"]), "a[0].b"));
});
