import assert from "node:assert/strict";
import { renderSecrets } from "../../docs/pages/secrets.ts";
import { readCatalogue } from "../../environments/catalogue.ts";

const page = renderSecrets(readCatalogue());

describe("renderSecrets", () => {
  it("contains document 451's mapping table", () => {
    for (const [variable, name, target] of [
      ["GHCR_TOKEN", "ghcr-token", "ghcr-pull"],
      ["GHCR_USERNAME", "ghcr-username", "ghcr-pull"],
      ["LANGFUSE_SECRET_KEY", "langfuse-secret-key", "langfuse-secrets"],
      ["ANTHROPIC_API_KEY", "anthropic-api-key", "inference-api-credentials"],
      ["OPENAI_API_KEY", "openai-api-key", "inference-api-credentials"],
    ] as const) {
      assert.ok(page.includes(`| \`${variable}\` | \`${name}\` | \`secret/${name}\` | \`${target}\``), variable);
    }
  });

  it("names every secret, every name and pattern that the cluster manages, and every declared delivery", () => {
    const { secrets, clusterManaged, inClusterDeliveries, retired } = readCatalogue();
    const managed = clusterManaged.flatMap(({ name, pattern, aliases = [] }) => [name ?? pattern ?? "", ...aliases]);
    const all = [...Object.keys(secrets), ...managed, ...Object.keys(inClusterDeliveries), ...Object.keys(retired)];
    assert.deepEqual(
      all.filter((name) => !page.includes(`${name}\``)),
      [],
    );
  });

  it("generates the same text again", () => assert.equal(renderSecrets(readCatalogue()), page));
});
