import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacksSharedStack, sharedClientId } from "../../../cli/deploy/shared-output.ts";

describe("lacksSharedStack", function () {
  this.timeout(60_000);
  const before = { ...process.env };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-shared-"));
    Object.assign(process.env, { PULUMI_HOME: join(folder, "home"), PULUMI_BACKEND_URL: `file://${folder}` });
  });
  afterEach(() => {
    for (const name of ["PULUMI_HOME", "PULUMI_BACKEND_URL"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it("reports that the stack does not exist, with the command that creates it", async () => {
    const finding = await lacksSharedStack();
    assert.equal(finding?.code, "shared-stack-missing");
    assert.match(
      finding.problem,
      /client id of vault-bootstrap's identity cannot be read from the stack shared: no stack named 'shared' found/,
    );
    assert.equal(finding.fix, "ameide-secrets up --stack shared --yes");
    await assert.rejects(sharedClientId(), { code: "shared-stack-missing" });
  });

  it("names the login, and not the stack, if the backend cannot be reached", async () => {
    process.env["PULUMI_BACKEND_URL"] = "https://127.0.0.1:1";
    const finding = await lacksSharedStack();
    assert.equal(finding?.code, "backend-unreachable");
    assert.match(finding.fix, /^pulumi login, or .*; then check: pulumi whoami --verbose$/);
    await assert.rejects(sharedClientId(), { message: /, or use --client-id$/ });
  });
});
