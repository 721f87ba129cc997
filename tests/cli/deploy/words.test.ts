import assert from "node:assert/strict";
import { confirmedUp } from "../../../cli/deploy/words.ts";

describe("confirmedUp", () => {
  it("keeps every option that the preview was made with: without --refresh a repair would change nothing", () => {
    const plain = { stack: "dev", refresh: false, approved: undefined, dotenv: undefined };
    assert.equal(confirmedUp(plain), "ameide-secrets up --stack dev --yes");
    assert.equal(
      confirmedUp({ ...plain, refresh: true, approved: "plan.json", dotenv: [".env.prod"] }),
      "ameide-secrets up --refresh --stack dev --dotenv .env.prod --approved plan.json --yes",
    );
  });
});
