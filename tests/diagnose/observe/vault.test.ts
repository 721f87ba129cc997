import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { lineage } from "../../../diagnose/lineage.ts";
import { ServerError } from "../../../clients/http.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import { stack } from "../healthy.ts";

/** Vault as the auditor's policy shows it: everything but data. */
const auditor = {
  address: "http://vault",
  hasToken: true,
  get: <T extends object>(path: string) => {
    if (path.startsWith("secret/data/")) return Promise.reject(new ServerError(403, "permission denied"));
    const versions = { 1: { created_time: "2026-01-01T00:00:00Z", deletion_time: "", destroyed: false } };
    const data = path.includes("/metadata/")
      ? { current_version: 1, custom_metadata: {}, versions }
      : { keys: [], kubernetes_host: "https://kubernetes.default.svc" };
    return Promise.resolve({ initialized: true, sealed: false, standby: false, version: "2", data } as object as T);
  },
};
const look = (compareValues: boolean) =>
  observe(stack, { kubernetes: "not asked", vault: auditor, azure: "not asked" }, { compareValues });

describe("observeVault", () => {
  it("names the missing right to values if they were requested", async () => {
    const snapshot = await look(true);
    const reported = explain(snapshot, stack).causes.find(({ code }) => code === "vault-not-readable");
    assert.deepEqual(reported?.evidence, [{ where: "read secret/data/*", seen: "permission denied" }]);
    assert.ok(
      lineage(snapshot, stack, "ghcr-token").unproven.includes(
        "Vault secret/ghcr-token: read secret/data/*: permission denied",
      ),
    );
  });
  it("reads no value if none is compared, and reports no missing right", async () => {
    const codes = explain(await look(false), stack).causes.map(({ code }) => code);
    assert.equal(codes.includes("vault-not-readable"), false);
  });
});
