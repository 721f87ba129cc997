import assert from "node:assert/strict";
import { parse } from "yaml";
import { classifyEnv, type ClassifiedEnv } from "../../../domain/dotenv/classify.ts";
import { readCatalogue } from "../../../environments/catalogue.ts";

function classified(text: string): ClassifiedEnv {
  return classifyEnv([{ path: ".env", text, tracked: false }], readCatalogue());
}

describe("classifyEnv", () => {
  it("says of each variable where it stands and what the catalogue calls it", () => {
    assert.deepEqual(
      classified("GHCR_TOKEN=a\n\nREDIS_PASSWORD=b\nPORT=1\nSTRIPE_KEY=c").variables.map(
        ({ variable, where, classification }) => [variable, where, classification.kind],
      ),
      [
        ["GHCR_TOKEN", ".env:1", "secret"],
        ["REDIS_PASSWORD", ".env:3", "cluster-managed"],
        ["PORT", ".env:4", "setting"],
        ["STRIPE_KEY", ".env:5", "unknown"],
      ],
    );
  });

  it("gives YAML for all unknown ones at once, secrets where a name does not look like a setting", () => {
    const { paste } = classified("STRIPE_KEY=a\nSTRIPE_URL=b\nGHCR_TOKEN=c\nstripe.webhook-secret=d");
    assert.deepEqual(parse(paste), {
      secrets: {
        "stripe-key": { authority: "external", env: "STRIPE_KEY" },
        "stripe-webhook-secret": { authority: "external", env: "STRIPE.WEBHOOK_SECRET" },
      },
      settings: ["STRIPE_URL"],
    });
  });

  it("gives nothing to paste where all are known", () => assert.equal(classified("GHCR_TOKEN=a").paste, ""));

  it("shows no line that spilled out of a value, only where it is", () => {
    const found = classified("GHCR_TOKEN=-----BEGIN\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==");
    assert.deepEqual(found.spilled, [".env:2"]);
    assert.doesNotMatch(JSON.stringify(found), /MIIE/);
  });
});
