import assert from "node:assert/strict";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import { bootstrapExitCodes } from "../../domain/bootstrap-config.ts";
import { external } from "../bootstrap/external.ts";
import { useRig } from "../bootstrap/use-rig.ts";
import { faultCells, faultyServers, faults, type FaultName } from "./fault-table.ts";
import { configFor, makeFault, undoFault } from "./faults.ts";

/** Each server of a run with each fault: how the run ends, what Vault holds then, and that the next run completes it. */
describe("vault-bootstrap with a server that fails", function () {
  this.timeout(90_000);
  const rig = useRig("faults");
  let round = 0;

  for (const { server, fault, cause, after: held } of faultCells) {
    it(`${server}, ${fault}: ${cause}, and Vault holds ${held === "new" ? "the new values" : "the old values"}`, async () => {
      round += 1;
      const names = ["faulty-required", "faulty-other"];
      const config = rig().config({ secrets: names.map((name, index) => external(name, { required: index === 0 })) });
      const values = (value: string) => Object.fromEntries(names.map((name) => [name, value]));
      const inVault = async () => new Set(await Promise.all(names.map((name) => rig().vault.value(name))));
      await rig().vault.allow(config);
      await rig().source.setSecrets(values(`old-${round}`));
      assert.equal((await rig().runHere(config)).code, 0);
      await rig().source.setSecrets(values(`new-${round}`));

      const faulty = await makeFault(rig(), server, fault);
      const stop = new AbortController();
      // what the deadline of a run does, without waiting for it
      const timer = setTimeout(() => stop.abort(new BootstrapFailure("terminated", "deadline", "")), 500);
      if (faulty.isSilent !== true) clearTimeout(timer);
      const { code, summary, text } = await rig().runHere(configFor(rig(), config, faulty), {
        ...faulty.options,
        signal: stop.signal,
      });
      await undoFault(rig());
      assert.deepEqual([summary["cause"], code], [cause, bootstrapExitCodes[cause]], text);
      if (cause !== "ok")
        assert.ok(
          (String(summary["problem"]) !== "" && String(summary["fix"]) !== "") || faulty.isSilent === true,
          text,
        );
      assert.deepEqual([...(await inVault())], [`${held}-${round}`]);

      const next = await rig().runHere(config);
      assert.equal(next.code, 0, next.text);
      assert.deepEqual([...(await inVault())], [`new-${round}`]);
    });
  }

  it("leaves out no server and no fault that applies to it", () => {
    const once: Partial<Record<FaultName, string>> = {
      "sealed in the run": "Vault's writes",
      "answer lost": "Vault's writes",
      standby: "Vault",
      "clock skew": "Azure's token endpoint",
    };
    // one address: it is refused for all calls of a server. A write that was begun is not broken off: its limit is 30 s
    const isApart = (server: string, fault: FaultName) =>
      (fault === "refused" && server.startsWith("Vault's")) || (fault === "silent" && server === "Vault's writes");
    const wanted = faultyServers.flatMap((server) =>
      (Object.keys(faults) as FaultName[])
        .filter((fault) => (once[fault] ?? server) === server && !isApart(server, fault))
        .map((fault) => `${server}, ${fault}`),
    );
    assert.deepEqual(
      wanted.filter((cell) => !faultCells.some(({ server, fault }) => `${server}, ${fault}` === cell)),
      [],
    );
  });
});
