import assert from "node:assert/strict";
import { newValue } from "../../../cli/operate/rotate.ts";
import type { UserError } from "../../../domain/user-error.ts";
import { stack } from "../../diagnose/healthy.ts";

const name = "ghcr-token";
const catalogue = { ...stack.catalogue, fixtures: { values: ["minioadmin"], placeholders: ["CHANGEME"] } };
const secret = catalogue.secrets[name];
const real = "q8Zt3vX1mB7rK5nL0wYcD2sF";

function given(text: string, isTerminal = false) {
  assert.ok(secret?.authority === "external");
  const input = { isTerminal, text };
  return newValue({ name, secret, catalogue, stack: "prod", environment: "shared", input });
}

describe("newValue", () => {
  it("removes one line end, which the shell adds, and no more", () => {
    assert.equal(given(`${real}\n`).value.reveal(), real);
    assert.equal(given(`${real}\r\n`).value.reveal(), real);
    assert.equal(given(`${real}\n\n`).value.reveal(), `${real}\n`);
  });
  it("fails on a terminal without reading from it, with the command that reads a file", () => {
    const fix = "ameide-secrets rotate ghcr-token --stack prod --yes < file";
    assert.throws(() => given(real, true), {
      code: "rotation-terminal",
      message: `the terminal would show the new value for ghcr-token\n  fix: ${fix}`,
    });
  });
  for (const [what, text, code] of [
    ["nothing", "\n", "rotation-empty"],
    ["a placeholder", "CHANGEME", "rotation-placeholder"],
    ["a development value that is publicly known", "minioadmin", "rotation-fixture"],
    ["more than Key Vault takes", real.repeat(2_000), "rotation-too-large"],
  ] as const) {
    it(`fails on ${what}, without showing it`, () =>
      assert.throws(
        () => given(text),
        (error: UserError) => {
          assert.deepEqual([error.code, error.findings[0]?.where], [code, "standard input"]);
          assert.ok(text.trim() === "" || !error.message.includes(text));
          return true;
        },
      ));
  }
  it("warns of a line break, and accepts the value", () =>
    assert.deepEqual(
      given(`${real}\n${real}`).warnings.map(({ code, severity }) => [code, severity]),
      [["rotation-newline", "warning"]],
    ));
});
