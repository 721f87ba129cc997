import assert from "node:assert/strict";
import { parse } from "yaml";
import { classifyEnv, type ClassifiedEnv } from "../../../domain/dotenv/names.ts";
import { readCatalogue } from "../../../environments/catalogue.ts";

function classified(text: string): ClassifiedEnv {
  return classifyEnv([{ path: ".env", text, tracked: false }], readCatalogue());
}

describe("classifyEnv", () => {
  it("reports for each variable its place and its class in the catalogue", () => {
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

  it("prints YAML for all unknown ones at once, as secrets unless a name looks like a setting", () => {
    const { paste } = classified("STRIPE_KEY=a\nSTRIPE_URL=b\nGHCR_TOKEN=c\nstripe.webhook-secret=d");
    assert.deepEqual(parse(paste), {
      secrets: {
        "stripe-key": { authority: "external", env: "STRIPE_KEY" },
        "stripe-webhook-secret": { authority: "external", env: "STRIPE.WEBHOOK_SECRET" },
      },
      settings: ["STRIPE_URL"],
    });
  });

  for (const [name, value] of [
    ["MONGODB_URI", "mongodb://app:made-up-pw-77@db.example.org/app"],
    ["QUEUE_URL", "amqp://queue.example.org"],
    ["REDIS_URL", ""],
    ["AUDIT_MYSQL_URI", "${OTHER}"],
    ["REPORT_URL", "https://made-up-key@reports.example.org/1"],
    ["ALERT_URL", `https://hooks.slack.com/services/T0/B0/${"a1".repeat(12)}`],
    ["TEAMS_WEBHOOK_URL", ""],
    ["DEPLOY_ENDPOINT", "https://ci.example.org/api/webhooks/17"],
    ["STORAGE_ENDPOINT", "DefaultEndpointsProtocol=https;AccountName=a;EndpointSuffix=core.windows.net"],
    ["SQL_HOST", "Server=db;Database=app;User Id=app;Pwd=made-up-pw-77"],
    ["DOWNLOAD_URL", "https://files.example.org/x?access_token=made-up"],
    ["BOT_URL", `https://api.example.org/bots/${"a1B2c3".repeat(5)}/send`],
    ["CLIENT_ID", `ghp_${"a1".repeat(18)}`],
  ] as const) {
    it(`offers ${name} as a secret: by its name or its value it carries a credential`, () => {
      const { paste } = classified(`${name}='${value}'`);
      assert.doesNotMatch(paste, /settings:/);
      assert.match(paste, new RegExp(`env: ${name} }`));
      assert.doesNotMatch(paste, /made-up|a1/);
    });
  }
  for (const [name, value] of [
    ["STRIPE_URL", "https://www.example.org"],
    ["BASE_PATH", "/v1/webhook-free"],
    ["STRIPE_PORT", "5432"],
    ["OIDC_ISSUER", "https://login.example.org/0f8fad5b-d9cd-469f-a165-70867728950e/v2.0?prompt=none"],
    ["STRIPE_DATABASE_NAME", "app"],
    ["STRIPE_WEBHOOK_TIMEOUT", "10"],
    ["EMPTY_URL", ""],
  ] as const) {
    it(`offers ${name} as a setting: neither its name nor its value carries a credential`, () =>
      assert.deepEqual(parse(classified(`${name}=${value}`).paste), { settings: [name] }));
  }

  it("prints nothing to paste if all are known", () => assert.equal(classified("GHCR_TOKEN=a").paste, ""));

  it("shows only the place of a line that is part of an unquoted value", () => {
    const found = classified("GHCR_TOKEN=-----BEGIN\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==");
    assert.deepEqual(found.spilled, [".env:2"]);
    assert.doesNotMatch(JSON.stringify(found), /MIIE/);
  });
});
