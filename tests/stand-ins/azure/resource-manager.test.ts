import assert from "node:assert/strict";
import { group, subscription, vaultId } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("ResourceManager", () => {
  const { rig } = useAzureRig();

  it("fails without the operator's token, and with a workload's", async () => {
    const bare = await fetch(`${rig().azure.origin}${vaultId}?api-version=2023-07-01`);
    const { clientId } = await rig().makeIdentity();
    await rig().federate();
    const { token } = await (
      await rig().workloadCredential(clientId)
    ).getToken("https://management.azure.com/.default");
    const headers = { authorization: `Bearer ${token}` };
    const workload = await fetch(`${rig().azure.origin}${vaultId}?api-version=2023-07-01`, { headers });

    assert.deepEqual([bare.status, await codeOf(bare)], [401, "AuthenticationFailed"]);
    assert.deepEqual([workload.status, await codeOf(workload)], [403, "AuthorizationFailed"]);
  });

  it("fails for an unknown type, with the message that it is a stand-in", async () => {
    const answer = await rig().arm("PUT", `${group}/providers/Microsoft.Storage/storageAccounts/a`, {});

    assert.equal(answer.status, 404);
    assert.match(answer.body.error.message, /the local Azure stand-in knows the types of this program only/);
  });

  it("fails without an API version, and for a body that is not JSON, without quoting it", async () => {
    const send = (query: string, body: string) =>
      fetch(`${rig().azure.origin}${group}${query}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${rig().azure.operatorToken}` },
        body,
      });

    assert.equal(await codeOf(await send("", "{}")), "MissingApiVersionParameter");
    const broken = await send("?api-version=2024-03-01", "{ value-of-secret");
    assert.equal(broken.status, 400);
    assert.doesNotMatch(await broken.text(), /value-of-secret/);
  });

  it("fails outside the subscription that it was given", async () => {
    await rig().restart({ subscriptionId: subscription.split("/")[2] ?? "" });

    assert.equal((await rig().arm("GET", group)).status, 200);
    const other = await rig().arm("GET", group.replace("11111111", "22222222"));
    assert.deepEqual([other.status, other.body.error.code], [404, "SubscriptionNotFound"]);
  });
});

async function codeOf(answer: Response): Promise<string> {
  const body = (await answer.json()) as { readonly error: { readonly code: string } };
  return body.error.code;
}
