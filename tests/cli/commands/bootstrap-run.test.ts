import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../../cli/main.ts";
import { recordedIo } from "../recorded-io.ts";

describe("bootstrapRun", () => {
  const former = process.env["KUBECONFIG"];
  const dir = mkdtempSync(join(tmpdir(), "no-cluster-"));

  before(() => {
    const kubeconfig = join(dir, "kubeconfig");
    writeFileSync(kubeconfig, JSON.stringify({ clusters: [], users: [], contexts: [] }));
    process.env["KUBECONFIG"] = kubeconfig;
  });
  after(() => {
    if (former === undefined) delete process.env["KUBECONFIG"];
    else process.env["KUBECONFIG"] = former;
    rmSync(dir, { recursive: true });
  });

  it("fails unconfirmed on a shared stack with the same command, so that a dry run stays one when it is pasted", async () => {
    const io = recordedIo();
    assert.equal(await main(["bootstrap", "run", "--stack", "dev", "--dry-run"], io), 2);
    assert.match(io.printed.err.join("\n"), /\n {2}fix: ameide-secrets bootstrap run --stack dev --dry-run --yes$/);
  });
});
