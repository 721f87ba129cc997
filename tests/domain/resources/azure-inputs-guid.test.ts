import assert from "node:assert/strict";
import { nameBasedGuid } from "../../../domain/resources/azure-inputs.ts";

describe("nameBasedGuid", () => {
  // from Python: uuid.uuid5(uuid.UUID("5f0d3c5e-4c6b-4b0c-9d0e-6f2a7b1c8d93"), text)
  for (const [text, guid] of [
    ["", "8ae109da-07be-5647-a1a8-655f4ea32bf5"],
    ["ameide", "85a966c4-4e18-5c18-9bac-62d71bc4c01b"],
  ] as const) {
    it(`is what another implementation of version 5 gives for ${JSON.stringify(text)}`, () =>
      assert.equal(nameBasedGuid(text), guid));
  }
});
