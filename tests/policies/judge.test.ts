import assert from "node:assert/strict";
import * as fc from "fast-check";
import { examples } from "./examples/all.ts";
import { changed, type Path, type Sample } from "./examples/example.ts";
import { rules } from "../../policies/rules.ts";
import { markedSecret, Undecided } from "../../policies/subject/reading.ts";
import { subjectsOfResource } from "../../policies/subject/from-resource.ts";
import { verdictsOf, type Verdict } from "../../policies/judge.ts";
import { contextIn, unknown } from "../support/policy.ts";

/** Allowed resources of every kind that a rule has an example of. */
const accepted = examples.flatMap(({ allowed }) => ("type" in allowed ? [allowed] : []));

const odd = fc.constantFrom<unknown>(
  unknown,
  markedSecret,
  null,
  undefined,
  "",
  "x",
  "{{",
  0,
  -1,
  true,
  [],
  [null],
  [unknown],
  {},
  { a: unknown },
  [[]],
);

/** Every path in a value, its own among them. */
function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, item]) =>
      pathsIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function verdictsOn(sample: Sample): readonly Verdict[] {
  assert.ok("type" in sample);
  const { type, props } = sample;
  const subjects = subjectsOfResource({
    type,
    name: "sample",
    urn: "urn",
    props,
    options: { protect: false },
  });
  return rules.flatMap((rule) =>
    verdictsOf(rule, [...subjects, ...subjects], contextIn()).map(({ verdict }) => verdict),
  );
}

function violationsOn(sample: Sample): number {
  return verdictsOn(sample).filter((verdict) => !(verdict instanceof Undecided) && verdict.length > 0).length;
}

describe("judge", function () {
  this.timeout(60_000);

  it("returns a verdict for any input, and never throws", () => {
    const spoilt = fc.constantFrom(...accepted).chain((sample) => {
      const paths = pathsIn("type" in sample ? sample.props : {}).filter((path) => path.length > 0);
      return fc.tuple(
        fc.constant(sample),
        fc.array(fc.tuple(fc.constantFrom(...paths), odd), { minLength: 1, maxLength: 3 }),
      );
    });
    fc.assert(
      fc.property(spoilt, ([sample, changes]) => {
        // the shortest path first: what is below a replaced part is gone
        const ordered = changes.toSorted(([a], [b]) => b.length - a.length);
        for (const verdict of verdictsOn(changed(sample, ...ordered)))
          assert.ok(verdict instanceof Undecided || Array.isArray(verdict));
      }),
      { numRuns: 300 },
    );
  });
  it("never finds a violation in an unknown value", () => {
    for (const sample of accepted) {
      for (const path of pathsIn("type" in sample ? sample.props : {})) {
        if (path.length === 0) continue;
        const alone = changed(sample, [path, unknown]);
        const before = violationsOn(sample);
        const after = violationsOn(alone);
        assert.ok(after <= before, `${"type" in sample ? sample.type : ""} ${path.join(".")}`);
      }
    }
  });
});
