import assert from "node:assert/strict";
import { causeCodes } from "../../diagnose/causes.ts";
import { runbook } from "../../docs/pages/runbook.ts";

describe("runbook", () => {
  const text = runbook.render();

  it("has one heading for each cause, which messages link to", () => {
    const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, causeCodes);
  });
  it("is found by every symptom in document 451's tables, in its own spelling", () => {
    const [table = ""] = text.split("\n## key-vault");
    for (const symptom of [
      "`ImagePullBackOff`",
      "vault-bootstrap fails silently",
      "SecretStore not Ready",
      "`SecretSyncError`",
      "SecretStore `InvalidProviderConfig`",
      "SecretStore `permission denied` (403)",
      "Vault Sealed (503 Error)",
      "Kubernetes Auth Permission Denied (403 Error)",
      "Force ExternalSecrets Refresh",
      "`exec format error`",
      "`command not found: jq`",
      "`401 Unauthorized` from Keycloak",
      "`403 Forbidden` from Keycloak",
      "`404 Not Found` for client",
      "`permission denied` writing Vault",
      "keycloak_generated_placeholder",
    ]) {
      assert.ok(table.includes(symptom), symptom);
    }
  });
  it("prints document 451's unseal and reviewer commands for manual work", () => {
    assert.match(text, /vault operator unseal "\$UNSEAL_KEY"/);
    assert.match(text, /vault write auth\/<auth-mount>\/config kubernetes_host='https:\/\/kubernetes\.default\.svc'/);
  });
});
