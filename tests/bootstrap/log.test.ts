import assert from "node:assert/strict";
import { Log } from "../../bootstrap/log.ts";

describe("Log", () => {
  it("writes one JSON object per line, with its run and phase", () => {
    let text = "";
    const log = new Log((line) => (text += line), "run-1");
    log.info("started");
    log.enter("list");
    log.warn("retry", { because: "two\nlines", pauseInMs: 5, what: undefined });
    log.error("summary", { cause: "ok" });
    const lines = text.split("\n");
    assert.equal(lines.pop(), "");
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      parsed.map(({ level, runId, phase, event }) => [level, runId, phase, event]),
      [
        ["info", "run-1", undefined, "started"],
        ["info", "run-1", "list", "phase"],
        ["warn", "run-1", "list", "retry"],
        ["error", "run-1", "list", "summary"],
      ],
    );
    assert.equal(parsed[2]?.["because"], "two\nlines");
  });
});
