import assert from "node:assert/strict";
import { failedRun, lastWords, plannedWrites } from "../../../cli/access/bootstrap-job.ts";

const summary = (fields: object) => JSON.stringify({ event: "summary", cause: "vault-auth-refused", ...fields });

describe("lastWords", () => {
  it("are the problem of the run's own summary, with its repair", () => {
    const log = `${JSON.stringify({ event: "phase" })}\n${summary({ problem: "403", fix: "let it log in" })}\n`;
    assert.deepEqual(lastWords(log), {
      said: "403",
      fix: "let it log in; for more: ameide-secrets doctor --stack <stack>",
    });
  });
  it("send to doctor where the summary knows no repair", () => {
    assert.match(lastWords(summary({ problem: "odd", fix: "" })).fix, /^ameide-secrets doctor --stack <stack> shows/);
  });
  it("are the end of the log where the run was killed before it could sum up", () => {
    const log = Array.from({ length: 9 }, (_none, n) => `line ${n}`).join("\n");
    assert.equal(lastWords(log).said, "its log ends with\n    line 4\n    line 5\n    line 6\n    line 7\n    line 8");
  });
  it("are the line itself where it is JSON and no summary", () =>
    assert.equal(lastWords("null").said, "its log ends with\n    null"));
  it("say so where there is no log", () => assert.equal(lastWords("").said, "it left no log"));
});

describe("failedRun", () => {
  it("is an error of the run's cause that says what is left to do after the repair", () => {
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
  it("names each path of Vault that would be written, and why where it is no plain copy", () => {
    const log = ["(node:1) a warning", line({}), line({ reason: "generated" }), summary({})].join("\n");
    assert.equal(
      plannedWrites(log, "secret"),
      "would write ghcr-token to Vault secret/ghcr-token\nwould write ghcr-token to Vault secret/ghcr-token, generated",
    );
  });
  it("says so where nothing would be", () => assert.equal(plannedWrites(summary({}), "secret"), "would write nothing"));
});
