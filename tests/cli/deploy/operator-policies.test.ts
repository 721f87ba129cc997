import assert from "node:assert/strict";
import { Policy } from "@pulumi/vault";
import { forgetOperatorPolicies, isOperatorPolicy } from "../../../cli/deploy/engine/state.ts";
import { liveProviders, preview, up } from "../../engine/live-providers.ts";
import { useEngine, type Program } from "../../support/engine.ts";
import { openVault } from "../../support/open-vault.ts";
import { useServers } from "../../support/servers.ts";

describe("forgetOperatorPolicies, with the state of an earlier version, under the real engine", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let token = "";
  before(async () => {
    ({ rootToken: token } = await openVault(servers().home.vaultUrl));
  });
  const engine = useEngine("local", () => liveProviders(servers().home, token));

  const operators = ["ameide-secrets-deployer", "ameide-secrets-auditor"];
  const program =
    (names: readonly string[]): Program =>
    () => {
      const made = names.map((name) => new Policy(`vault-engine-${name}`, { name, policy: "# rules\n" }));
      new Policy("vault-engine-ameide-secrets-reader-x", { name: "ameide-secrets-reader-x", policy: "# rules\n" }, { dependsOn: made }); // prettier-ignore
      return Promise.resolve();
    };
  const exists = async (name: string) => {
    const url = `${servers().home.vaultUrl}/v1/sys/policies/acl/${name}`;
    return (await fetch(url, { headers: { "x-vault-token": token } })).status === 200;
  };

  it("removes them from the state and leaves them in Vault, so that the next plan is empty; also when run twice", async () => {
    await up(await engine.open(program(operators)));
    const stack = await engine.open(program([]));
    assert.deepEqual(
      (await preview(stack)).toSorted(),
      operators.map((name) => `delete vault:index/policy:Policy vault-engine-${name}`).toSorted(),
      "what the update would do without it",
    );
    for (let time = 0; time < 2; time++) {
      await forgetOperatorPolicies(stack);
      assert.deepEqual(await preview(stack), []);
    }
    assert.deepEqual(await up(stack), []);
    for (const name of [...operators, "ameide-secrets-reader-x"]) assert.ok(await exists(name), name);
  });

  it("recognises them by type and name, and no other policy", () => {
    const type = "vault:index/policy:Policy";
    assert.ok(isOperatorPolicy({ type, urn: "urn:pulumi:local::p::t::vault-engine-ameide-secrets-auditor" }));
    assert.ok(!isOperatorPolicy({ type, urn: "urn:pulumi:local::p::t::vault-engine-ameide-secrets-reader-argocd" }));
    assert.ok(
      !isOperatorPolicy({
        type: "vault:index/mount:Mount",
        urn: "urn:pulumi:local::p::t::vault-engine-ameide-secrets-auditor",
      }),
    );
  });
});
