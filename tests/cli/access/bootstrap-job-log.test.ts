import assert from "node:assert/strict";
import { failedRun, lastWords, plannedWrites } from "../../../cli/access/bootstrap-job.ts";

const summary = (fields: object) => JSON.stringify({ event: "summary", cause: "vault-auth-refused", ...fields });

describe("lastWords", () => {
  it("are the problem and the fix in the run's own summary", () => {
    const log = `${JSON.stringify({ event: "phase" })}\n${summary({ problem: "403", fix: "let it log in" })}\n`;
    assert.deepEqual(lastWords(log), {
      said: "403",
      fix: "let it log in; for more: ameide-secrets doctor --stack <stack>",
    });
  });
  it("point to doctor if the summary has no fix", () => {
    assert.match(lastWords(summary({ problem: "odd", fix: "" })).fix, /^ameide-secrets doctor --stack <stack> shows/);
  });
  it("are the end of the log if the run was killed before its summary", () => {
    const log = Array.from({ length: 9 }, (_none, n) => `line ${n}`).join("\n");
    assert.equal(lastWords(log).said, "its log ends with\n    line 4\n    line 5\n    line 6\n    line 7\n    line 8");
  });
  it("are the line itself if it is JSON but not a summary", () =>
    assert.equal(lastWords("null").said, "its log ends with\n    null"));
  it("report that there is no log", () => assert.equal(lastWords("").said, "it left no log"));
});

describe("failedRun", () => {
  it("is an error with the run's cause and what to do after the fix", () => {
    const run = { job: "j", succeeded: false, cause: "conflict" as const, log: summary({ problem: "p", fix: "f" }) };
    const { code, message } = failedRun(run, "nothing was carried", "run it again");
    assert.equal(code, "conflict");
    assert.equal(
      message,
      "nothing was carried: p\n  fix: f; for more: ameide-secrets doctor --stack <stack>; then run it again",
    );
  });
});

describe("plannedWrites", () => {
  const line = (fields: object) => JSON.stringify({ event: "would-write", name: "ghcr-token", path: "ghcr-token", ...fields }); // prettier-ignore
  it("names each Vault path that would be written, with a reason if it is not a plain copy", () => {
    const log = ["(node:1) a warning", line({}), line({ reason: "generated" }), summary({})].join("\n");
    assert.equal(
      plannedWrites(log, "secret"),
      "would write ghcr-token to Vault secret/ghcr-token\nwould write ghcr-token to Vault secret/ghcr-token, generated",
    );
  });
  it("reports that nothing would be written", () =>
    assert.equal(plannedWrites(summary({}), "secret"), "would write nothing"));
});
