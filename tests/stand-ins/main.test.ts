import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { UserError } from "../../domain/user-error.ts";
import { homeCluster } from "../../local/servers/cluster-call.ts";
import { exchange } from "../../clients/http.ts";
import { startServers } from "../../local/servers/start.ts";
import { useServers } from "../support/servers.ts";

describe("the process of the stand-ins", function () {
  this.timeout(90_000);
  const servers = useServers(["stand-ins"]);
  const start = (azure = {}) => startServers(servers().home, servers().binaries, { only: ["stand-ins"], azure });

  it("registers a Ready node in the cluster", async () => {
    const { items } = await homeCluster(servers().home).get<{
      items: { status: { conditions: { type: string; status: string }[] } }[];
    }>("/api/v1/nodes");
    const ready = items.flatMap(({ status }) => status.conditions).filter(({ type }) => type === "Ready");
    assert.deepEqual(
      ready.map(({ status }) => status),
      ["True"],
    );
  });

  it("serves Azure, which requires a token", async () => {
    const { azureUrl, azure } = servers().home;
    const answer = await exchange(
      `${azureUrl}/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/a?api-version=2024-07-01`,
      { ca: readFileSync(azure.caCertificate) },
    );
    assert.equal(answer.status, 401);
  });

  it("starts empty for another tenant only if requested", async () => {
    const { home } = servers();
    const stateFile = readFileSync(home.azure.stateFile, "utf8");
    const { tenantId: madeUp } = JSON.parse(stateFile) as { tenantId: string };
    assert.deepEqual(await start({ tenantId: madeUp }), ["stand-ins"]);
    assert.deepEqual(await start({ tenantId: madeUp }), []);
    const discovery = `${home.azureUrl}/${madeUp}/v2.0/.well-known/openid-configuration`;
    assert.equal((await exchange(discovery, { ca: readFileSync(home.azure.caCertificate) })).status, 200);
  });

  it("fails for a tenant other than the one in its state, with the reason", async () => {
    const account = start({ tenantId: "00000000-0000-4000-8000-000000000002" });
    await assert.rejects(account, (error: UserError) => {
      assert.match(error.message, /^stand-ins ended with 1\n.*belongs to tenant .*, but the settings have 00000000/);
      return true;
    });
  });
});
