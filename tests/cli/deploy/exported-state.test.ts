import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStateWithoutValues } from "../../../cli/deploy/engine/state.ts";

const secret = (rest: object) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ...rest });

describe("readStateWithoutValues", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-state-"));
    file = join(folder, "state.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const read = (state: unknown) => {
    writeFileSync(file, typeof state === "string" ? state : JSON.stringify(state));
    return readStateWithoutValues(file);
  };

  it("keeps everything except the stack's key and the values, encrypted or plain", () => {
    const state = (values: readonly [object, object]) => ({
      version: 3,
      deployment: {
        manifest: { version: "v3" },
        secrets_providers: { type: "passphrase", state: { salt: "v1:abc" } },
        resources: [{ urn: "a", inputs: { list: [{ value: values[0] }], name: "n" }, outputs: { value: values[1] } }],
      },
    });
    const { secrets_providers: _key, ...rest } = state([secret({ plaintext: '"[secret]"' }), secret({ plaintext: '"[secret]"' })]).deployment; // prettier-ignore
    const wanted = { version: 3, deployment: rest };
    assert.deepEqual(read(state([secret({ ciphertext: "v1:x" }), secret({ ciphertext: "v1:y" })])), wanted);
    assert.deepEqual(read(state([secret({ plaintext: '"canary"' }), secret({ plaintext: '{"a":"canary"}' })])), wanted);
  });

  it("refuses what is not an exported state", () => {
    for (const other of ["", "[]", "null", "{}", { version: 3 }, { version: "3", deployment: {} }]) {
      assert.throws(() => read(other), { code: "state-unreadable" });
    }
    assert.throws(() => readStateWithoutValues(join(folder, "missing")), { code: "state-unreadable" });
  });
});
