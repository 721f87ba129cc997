import assert from "node:assert/strict";
import { timeoutOption } from "../../../cli/commands/options.ts";
import { main } from "../../../cli/main.ts";
import { recordedIo } from "../recorded-io.ts";

describe("timeoutOption", () => {
  it("is the number", () =>
    assert.deepEqual(
      ["1", "300", "86400"].map((text) => timeoutOption.parse(text)),
      [1, 300, 86_400],
    ));

  it("fails on anything else, naming the option and the text", () => {
    for (const text of ["5m", "", "0", "-1", "1e9", "1.5", "NaN", "Infinity", "86401"]) {
      assert.throws(() => timeoutOption.parse(text), {
        code: "seconds-invalid",
        message: `--timeout ${JSON.stringify(text)} is not a number of seconds\n  fix: use a whole number from 1 to 86400, such as --timeout 300`,
      });
    }
  });

  it("is checked before bootstrap run and resync open anything", async () => {
    for (const command of [["bootstrap", "run"], ["resync"]]) {
      const io = recordedIo();
      const code = await main([...command, "--stack", "local", "--home", "/nowhere", "--timeout", "5m"], io);
      assert.equal(code, 2);
      assert.match(io.printed.err.join("\n"), /--timeout "5m" is not a number of seconds/);
    }
  }).timeout(30_000);
});
