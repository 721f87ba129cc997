import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../cli/commands/index.ts";
import { repositoryRoot } from "../../environments/repository.ts";

const docs = join(repositoryRoot, "docs");
const text = readFileSync(join(docs, "from-451.md"), "utf8");

describe("docs/from-451.md", () => {
  it("links to files that are there", () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = ""]) => link);
    assert.ok(links.length > 20);
    assert.deepEqual(
      links.filter((link) => !existsSync(join(docs, link))),
      [],
    );
  });

  it("names commands and options that there are", () => {
    const lines = [...text.matchAll(/`ameide-secrets ([^`]+)`/g)].map(([, line = ""]) => line);
    assert.ok(lines.length > 15);
    for (const line of lines) {
      const command = commands.find(({ name }) => line === name || line.startsWith(`${name} `));
      assert.ok(command !== undefined, line);
      const known = new Set((command.options ?? []).flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []));
      for (const flag of line.match(/--[a-z-]+/g) ?? []) assert.ok(known.has(flag), `${flag} in: ${line}`);
    }
  });

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
