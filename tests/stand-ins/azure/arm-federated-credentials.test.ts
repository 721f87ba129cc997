import assert from "node:assert/strict";
import { identityId, refusal } from "./rig.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("federatedCredentialRoutes", () => {
  const { rig } = useAzureRig();
  // so that two requests overlap even where the second connection is slow to come up
  const slowWrites = { federatedWriteInMilliseconds: 1000 };
  beforeEach(() => rig().makeIdentity());

  it("are created one after the other, read, listed and deleted", async () => {
    assert.equal((await rig().federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" })).status, 201);
    assert.equal((await rig().federate("vault-bootstrap-local")).status, 201);
    assert.equal((await rig().federate("vault-bootstrap-local")).status, 200);
    const one = `${identityId}/federatedIdentityCredentials/vault-bootstrap-dev`;

    const listed = await rig().arm("GET", `${identityId}/federatedIdentityCredentials`);
    assert.deepEqual(listed.body.value[0], (await rig().arm("GET", one)).body);
    assert.deepEqual(listed.body.value[0].properties, {
      issuer: rig().cluster.issuer,
      subject: "system:serviceaccount:a:b",
      audiences: ["api://AzureADTokenExchange"],
    });
    assert.equal((await rig().arm("DELETE", one)).status, 200);
    assert.equal((await rig().arm("DELETE", one)).status, 204);
    assert.deepEqual(refusal(await rig().arm("GET", one)), [404, "ResourceNotFound"]);
  });

  it("fail when two are written at once on one identity: exactly one passes", async () => {
    rig().azure.control.configure(slowWrites);
    const answers = await Promise.all([
      rig().federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" }),
      rig().federate("vault-bootstrap-staging", { subject: "system:serviceaccount:c:d" }),
      rig().federate("vault-bootstrap-prod", { subject: "system:serviceaccount:e:f" }),
    ]);

    const codes = answers.map(({ status, body }) => body.error?.code ?? status);
    assert.deepEqual(codes.toSorted(byText), [
      201,
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    ]);
  });

  it("fail when a deletion meets a write on one identity", async () => {
    await rig().federate();
    rig().azure.control.configure(slowWrites);

    const [deleted, written] = await Promise.all([
      rig().arm("DELETE", `${identityId}/federatedIdentityCredentials/vault-bootstrap-local`),
      rig().federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" }),
    ]);

    assert.deepEqual([deleted.status, written.status].toSorted(byText), [200, 409]);
  });

  it("may be written at once on two identities", async () => {
    const other = identityId.replace("ameide-vault-bootstrap-mi", "other-mi");
    await rig().arm("PUT", other, { location: "westeurope" });
    const properties = { issuer: rig().cluster.issuer, subject: "s", audiences: ["api://AzureADTokenExchange"] };

    const [first, second] = await Promise.all([
      rig().federate(),
      rig().arm("PUT", `${other}/federatedIdentityCredentials/one`, { properties }),
    ]);

    assert.deepEqual([first.status, second.status], [201, 201]);
  });

  it("fail if issuer and subject already exist, and pass for the same name", async () => {
    await rig().federate("vault-bootstrap-local");

    const again = await rig().federate("another-name");

    assert.equal(again.status, 400);
    assert.equal(again.body.error.message, "Issuer and subject combination already exists for this Managed Identity.");
  });

  it("fail with two audiences or a name that is too short", async () => {
    assert.deepEqual(refusal(await rig().federate("one", { audiences: ["a", "b"] })), [400, "BadRequest"]);
    assert.deepEqual(refusal(await rig().federate("ab")), [400, "BadRequest"]);
  });

  it("fail beyond 20 on one identity", async () => {
    rig().azure.control.configure({ federatedWriteInMilliseconds: 0 });
    for (let n = 1; n <= 20; n++) await rig().federate(`credential-${n}`, { subject: `subject-${n}` });

    const oneMore = await rig().federate("credential-21", { subject: "subject-21" });

    assert.match(oneMore.body.error.message, /has 20 federated identity credentials already/);
  });
});

function byText(a: unknown, b: unknown): number {
  return String(a).localeCompare(String(b));
}
