import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureHome, localHome, type LocalHome } from "../../../local/home.ts";
import { readRecords, removeRecord, writeRecord, type ServerRecord } from "../../../local/servers/records.ts";

describe("records", () => {
  let home: LocalHome;
  const record = (name: ServerRecord["name"], pid = 1): ServerRecord => ({
    name,
    pid,
    startedAt: "boot/1",
    binary: "/bin/x",
    port: 1024,
    digest: "d",
  });

  beforeEach(() => {
    home = localHome({ dir: mkdtempSync(join(tmpdir(), "ameide-secrets-records-")) });
    ensureHome(home);
  });
  afterEach(() => rmSync(home.dir, { recursive: true }));

  it("are none at first", () => {
    assert.deepEqual(readRecords(home), []);
  });

  it("contain one per server, the last that was written", () => {
    writeRecord(home, record("etcd", 1));
    writeRecord(home, record("openbao", 2));
    writeRecord(home, record("etcd", 3));
    assert.deepEqual(readRecords(home), [record("openbao", 2), record("etcd", 3)]);
  });

  it("do not contain one that was removed", () => {
    writeRecord(home, record("etcd"));
    writeRecord(home, record("openbao"));
    removeRecord(home, "etcd");
    assert.deepEqual(readRecords(home), [record("openbao")]);
  });

  it("are empty if the file is truncated: running servers are found by their marker", () => {
    writeFileSync(home.serversFile, '{"servers":[');
    assert.deepEqual(readRecords(home), []);
  });

  it("are readable by their owner only", () => {
    writeRecord(home, record("etcd"));
    assert.equal(statSync(home.serversFile).mode & 0o777, 0o600);
  });
});
