import assert from "node:assert/strict";
import { shapeOf } from "../../domain/value-shapes.ts";

const repeated = (length: number): string => "a1B2".repeat(length).slice(0, length);

describe("shapeOf", () => {
  for (const [kind, text] of [
    ["a GitHub token", `ghp_${repeated(36)}`],
    ["a GitHub token", `github_pat_${repeated(60)}`],
    ["a GitLab token", `glpat-${repeated(20)}`],
    ["an Anthropic key", `sk-ant-${repeated(40)}`],
    ["an OpenAI key", `sk-proj-${repeated(48)}`],
    ["a Slack token", `xoxb-${repeated(20)}`],
    ["a Slack webhook", `https://hooks.slack.com/services/T000/B000/${repeated(24)}`],
    ["a Discord webhook", `https://discord.com/api/webhooks/1234/${repeated(60)}`],
    ["a Teams webhook", `https://contoso.webhook.office.com/webhookb2/${repeated(30)}@x/IncomingWebhook/y`],
    ["a shared access key", `Endpoint=sb://bus.example.org/;SharedAccessKeyName=x;SharedAccessKey=${repeated(43)}=`],
    ["a shared access signature", `https://files.example.org/x?sv=2024-01-01&sig=${repeated(43)}%3D`],
    ["a connection string with a password", "Server=db;Database=app;User Id=app;Password=made-up-pw-77;"],
    ["an AWS access key", `AKIA${"A1".repeat(8)}`],
    ["a Vault token", `hvs.${repeated(24)}`],
    ["a storage account key", `DefaultEndpointsProtocol=https;AccountKey=${repeated(60)}==`],
    ["a private key", `-----BEGIN RSA PRIVATE KEY-----\n${repeated(64)}`],
    ["a signed token", `eyJ${repeated(20)}.eyJ${repeated(20)}.${repeated(20)}`],
    ["a URL with a password", "postgres://platform:hunter2@postgres:5432/platform"],
  ] as const) {
    it(`recognises ${kind} by its shape (${text.slice(0, 10)}...)`, () => assert.equal(shapeOf(text), kind));
  }
  for (const text of [
    "postgres://postgres:5432/platform",
    "https://auth.ameide.io/realms/ameide",
    "postgres://$USER:${PASSWORD}@postgres/platform",
    "-----BEGIN PRIVATE KEY-----", // the marker alone, as code that reads keys has it
    "sk-only-a-name",
    "Server=db;Database=app;User Id=app;Password=${PASSWORD};",
    "https://hooks.slack.com/services/",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
  ]) {
    it(`does not recognise "${text.slice(0, 40)}"`, () => assert.equal(shapeOf(text), undefined));
  }
});
