import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../environments/repository.ts";

const text = readFileSync(join(repositoryRoot, "docs", "from-451.md"), "utf8");

describe("docs/from-451.md", () => {
  it("has every file that the document's table of files names, and every page of its troubleshooting", () => {
    for (const named of [
      "infra/scripts/deploy.sh",
      "infra/terraform/azure/main.tf",
      "vault-bootstrap/templates/cronjob.yaml",
      "_shared/foundation/foundation-vault-bootstrap.yaml",
      "env/dev/foundation/foundation-vault-bootstrap.yaml",
      "_shared/foundation/foundation-vault-secret-store.yaml",
      "parse_env_to_tfvars()",
      "Secrets Not Syncing",
      "Common Issues",
      "Vault Sealed (503 Error)",
      "Kubernetes Auth Permission Denied (403 Error)",
      "Force ExternalSecrets Refresh",
      "Client-Patcher",
      "Files Reference",
      "Validation",
    ]) {
      assert.ok(text.includes(named), named);
    }
  });
});
