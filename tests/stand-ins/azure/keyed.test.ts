import assert from "node:assert/strict";
import fc from "fast-check";
import { Keyed } from "../../../stand-ins/azure/keyed.ts";

const name = fc.stringMatching(/^[a-c-]{1,3}$/);

describe("Keyed", () => {
  it("returns what a sorted and filtered list of the names would", () => {
    const steps = fc.array(fc.record({ add: fc.boolean(), name }));
    fc.assert(
      fc.property(steps, fc.oneof(name, fc.constant("")), fc.nat(5), (changes, after, count) => {
        const names = new Keyed<string>((one) => one);
        const model = new Set<string>();
        for (const change of changes) {
          if (change.add) names.set(change.name);
          else names.delete(change.name);
          if (change.add) model.add(change.name);
          else model.delete(change.name);
          names.after("", 1); // so that the order is cached at every step
        }
        const expected = [...model].sort().filter((one) => one > after);
        assert.deepEqual(names.after(after, count), expected.slice(0, count));
      }),
    );
  });
});
