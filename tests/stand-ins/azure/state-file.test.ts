import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { UserError } from "../../../domain/user-error.ts";
import { readStateFile, StateWriter } from "../../../stand-ins/azure/state-file.ts";
import { deleteSecret, setSecret } from "../../../stand-ins/azure/secrets.ts";
import { emptyState, noSecrets, type AzureState } from "../../../stand-ins/azure/state.ts";

describe("StateWriter", () => {
  let dir: string;
  let path: string;
  let state: AzureState;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-azure-state-"));
    path = join(dir, "state.json");
    state = stateWithSecrets(3);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("writes what readStateFile reads back completely, readable by its owner only", async () => {
    const writer = new StateWriter(path, state);
    writer.changed();
    await writer.flush();

    const read = readStateFile(path);

    assert.equal(JSON.stringify(read), JSON.stringify(state));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(existsSync(`${path}.tmp`), false);
  });

  it("writes nothing where nothing changed", async () => {
    await new StateWriter(path, state).flush();

    assert.equal(existsSync(path), false);
  });

  it("writes automatically soon after a change", async () => {
    new StateWriter(path, state).changed();
    await until(() => existsSync(path));
  });

  it("has every change on disk when flush resolves, those during a write too", async () => {
    const writer = new StateWriter(path, state);
    writer.changed();
    const first = writer.flush();
    state.resourceGroups.set({ id: "late", name: "late", location: "westeurope" });
    writer.changed();
    await Promise.all([first, writer.flush()]);

    assert.equal(readStateFile(path)?.resourceGroups.get("late")?.name, "late");
  });

  it("fails at flush when the file cannot be written, and tries again later", async () => {
    const writer = new StateWriter(join(dir, "missing", "state.json"), state);
    writer.changed();

    await assert.rejects(writer.flush(), { code: "ENOENT" });
    await assert.rejects(writer.flush(), { code: "ENOENT" });
  });

  it("reports why it cannot write, and writes later without another change", async () => {
    const reported: string[] = [];
    mock.method(process.stderr, "write", (text: string) => reported.push(text));
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const later = join(dir, "later", "state.json");
      new StateWriter(later, state).changed();
      mock.timers.tick(200);
      await until(() => reported.length > 0);
      mkdirSync(join(dir, "later"));
      mock.timers.tick(5000);
      await until(() => existsSync(later));
    } finally {
      mock.timers.reset();
      mock.restoreAll();
    }
    assert.equal(reported.length, 1);
    assert.match(reported[0] ?? "", /^azure stand-in: cannot write its state, tries again: ENOENT: /);
  });
});

describe("readStateFile", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ameide-azure-state-"));
    path = join(dir, "state.json");
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("is undefined if there is no file", () => assert.equal(readStateFile(path), undefined));

  it("fails on a truncated file, and quotes no value of it", () => {
    const whole = JSON.stringify(stateWithSecrets(2));
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.slice(0, length));
      assert.throws(() => readStateFile(path), isUnreadable);
    }
    assert.match(readFileSync(path, "utf8"), /value-of-secret/);
  });

  it("fails on JSON of another shape, naming the path", () => {
    const file = JSON.parse(JSON.stringify(stateWithSecrets(1))) as { vaults: object[] };
    writeFileSync(path, JSON.stringify({ ...file, vaults: [{ ...file.vaults[0], secrets: [{ name: "env-0" }] }] }));

    assert.throws(() => readStateFile(path), {
      message: /is not a state of the Azure stand-in: vaults\.0\.secrets\.0\.versions: /,
    });
  });

  it("fails on a state of a later format", () => {
    writeFileSync(path, JSON.stringify({ ...stateWithSecrets(1), format: 2 }));

    assert.throws(() => readStateFile(path), isUnreadable);
  });
});

/** By turns of the disk: the test may have stopped the clock. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, "it did not come about within 8 s");
    await readdir(tmpdir());
  }
}

function isUnreadable(error: unknown): boolean {
  assert.ok(error instanceof UserError);
  assert.equal(error.code, "azure-state-unreadable");
  assert.doesNotMatch(error.message, /value-of-secret/);
  return true;
}

function stateWithSecrets(count: number): AzureState {
  const state = emptyState("tenant", "operator");
  const vault = state.vaults.set({
    id: "id",
    name: "ameidekv",
    location: "westeurope",
    tenantId: "tenant",
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    enablePurgeProtection: true,
    softDeleteRetentionInDays: 90,
    otherProperties: {},
    ...noSecrets(),
  });
  for (let n = 0; n < count; n++) setSecret(vault, `env-${n}`, { value: "value-of-secret", tags: { n: String(n) } }, 1);
  setSecret(vault, "env-deleted", { value: "value-of-secret" }, 1);
  deleteSecret(vault, "env-deleted", 2);
  return state;
}
