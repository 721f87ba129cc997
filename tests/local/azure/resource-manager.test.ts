import assert from "node:assert/strict";
import {
  AzureRig,
  group,
  identityId,
  secretsOfficer,
  secretsUser,
  subscription,
  vaultId,
  type ArmAnswer,
} from "./rig.ts";

const day = 86_400_000;

describe("ResourceManager", () => {
  let rig: AzureRig;
  let clock: number;
  beforeEach(async () => {
    clock = Date.now();
    rig = await AzureRig.start({ now: () => clock });
    await rig.makeVault();
  });
  afterEach(() => rig.stop());

  it("fails without the operator's token, and with a workload's", async () => {
    const bare = await fetch(`${rig.azure.origin}${vaultId}?api-version=2023-07-01`);
    const { clientId } = await rig.makeIdentity();
    await rig.federate();
    const { token } = await (await rig.workloadCredential(clientId)).getToken("https://management.azure.com/.default");
    const headers = { authorization: `Bearer ${token}` };
    const workload = await fetch(`${rig.azure.origin}${vaultId}?api-version=2023-07-01`, { headers });

    assert.deepEqual([bare.status, await codeOf(bare)], [401, "AuthenticationFailed"]);
    assert.deepEqual([workload.status, await codeOf(workload)], [403, "AuthorizationFailed"]);
  });

  it("fails for a type it does not know, saying that it is a stand-in", async () => {
    const answer = await rig.arm("PUT", `${group}/providers/Microsoft.Storage/storageAccounts/a`, {});

    assert.equal(answer.status, 404);
    assert.match(answer.body.error.message, /the local Azure stand-in knows the types of this program only/);
  });

  it("fails without an API version, and for a body that is no JSON, without quoting it", async () => {
    const send = (query: string, body: string) =>
      fetch(`${rig.azure.origin}${group}${query}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${rig.azure.operatorToken}` },
        body,
      });

    assert.equal(await codeOf(await send("", "{}")), "MissingApiVersionParameter");
    const broken = await send("?api-version=2024-03-01", "{ value-of-secret");
    assert.equal(broken.status, 400);
    assert.doesNotMatch(await broken.text(), /value-of-secret/);
  });

  it("fails outside the subscription that it was given", async () => {
    await rig.restart({ subscriptionId: subscription.split("/")[2] ?? "" });

    assert.equal((await rig.arm("GET", group)).status, 200);
    const other = await rig.arm("GET", group.replace("11111111", "22222222"));
    assert.deepEqual([other.status, other.body.error.code], [404, "SubscriptionNotFound"]);
  });

  describe("resource groups", () => {
    it("are made, changed, read, listed and deleted with all they hold, a vault into soft delete", async () => {
      const changed = await rig.arm("PUT", group, { location: "West Europe", tags: { owner: "platform" } });
      assert.deepEqual(changed, {
        status: 200,
        body: {
          id: group,
          name: "Ameide",
          location: "westeurope",
          tags: { owner: "platform" },
          type: "Microsoft.Resources/resourceGroups",
          properties: { provisioningState: "Succeeded" },
        },
      });
      const listed = await rig.arm("GET", `${subscription}/resourceGroups`);
      assert.deepEqual(listed.body.value, [changed.body]);

      await rig.makeIdentity();
      assert.equal((await rig.arm("DELETE", group)).status, 200);

      assert.deepEqual(refusal(await rig.arm("GET", group)), [404, "ResourceGroupNotFound"]);
      const deleted = await rig.arm("GET", `${subscription}/providers/Microsoft.KeyVault/deletedVaults`);
      assert.deepEqual(
        deleted.body.value.map(({ name }: { name: string }) => name),
        ["ameidekv"],
      );
      await rig.arm("PUT", group, { location: "westeurope" });
      assert.deepEqual(refusal(await rig.arm("GET", identityId)), [404, "ResourceNotFound"]);
    });

    it("fail to move to another location", async () => {
      const moved = await rig.arm("PUT", group, { location: "northeurope" });

      assert.deepEqual(refusal(moved), [409, "InvalidResourceGroupLocation"]);
    });
  });

  describe("vaults", () => {
    it("answer with the address of the data plane, and keep what they do not act on", async () => {
      const networkAcls = { defaultAction: "Deny", bypass: "AzureServices" };
      const { status, body } = await rig.arm(
        "PUT",
        vaultId,
        rig.vaultBody({ enablePurgeProtection: true, networkAcls }),
      );

      assert.equal(status, 200);
      assert.deepEqual(body, {
        id: vaultId,
        name: "ameidekv",
        type: "Microsoft.KeyVault/vaults",
        location: "westeurope",
        tags: {},
        properties: {
          tenantId: rig.azure.tenantId,
          sku: { family: "A", name: "standard" },
          publicNetworkAccess: "Enabled",
          accessPolicies: [],
          networkAcls,
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: 90,
          enablePurgeProtection: true,
          vaultUri: `${rig.azure.origin}/`,
          provisioningState: "Succeeded",
        },
      });
      assert.deepEqual((await rig.arm("GET", vaultId.toUpperCase())).body, body);
      assert.deepEqual((await rig.arm("GET", vaultId.replace(/\/ameidekv$/, ""))).body, { value: [body] });
    });

    it("fail to lose purge protection or to change their retention", async () => {
      await rig.arm("PUT", vaultId, rig.vaultBody({ enablePurgeProtection: true }));

      const unsaid = await rig.arm("PUT", vaultId, rig.vaultBody());
      const unprotected = await rig.arm("PUT", vaultId, rig.vaultBody({ enablePurgeProtection: false }));
      const shortened = await rig.arm("PUT", vaultId, rig.vaultBody({ softDeleteRetentionInDays: 7 }));

      assert.equal(unsaid.body.properties.enablePurgeProtection, true);
      assert.match(unprotected.body.error.message, /"enablePurgeProtection" cannot be set to false/);
      assert.match(shortened.body.error.message, /"softDeleteRetentionInDays" has been set already/);
    });

    it("fail to be made again while the name is in soft delete, and come back whole by createMode recover", async () => {
      const secret = { properties: { value: "value-one" } };
      await rig.arm("PUT", `${vaultId}/secrets/env-one`, secret);
      assert.equal((await rig.arm("DELETE", vaultId)).status, 200);

      const again = await rig.arm("PUT", vaultId, rig.vaultBody());
      assert.deepEqual(refusal(again), [409, "ConflictError"]);
      assert.match(again.body.error.message, /^A vault with the same name already exists in deleted state\./);

      const recovered = await rig.arm("PUT", vaultId, rig.vaultBody({ createMode: "recover" }));
      assert.equal(recovered.status, 201);
      assert.equal((await rig.operatorClient().getSecret("env-one")).value, "value-one");
      const deleted = await rig.arm("GET", `${subscription}/providers/Microsoft.KeyVault/deletedVaults`);
      assert.deepEqual(deleted.body.value, []);
    });

    it("lose the role assignments on them for good when they are deleted, as Azure's do", async () => {
      const { principalId } = await rig.makeIdentity();
      await rig.assign(principalId);
      await rig.arm("DELETE", vaultId);
      await rig.arm("PUT", vaultId, rig.vaultBody({ createMode: "recover" }));

      const { body } = await rig.arm("GET", `${vaultId}/providers/Microsoft.Authorization/roleAssignments`);

      assert.deepEqual(body.value, []);
    });

    it("fail to recover what is not in soft delete", async () => {
      await rig.arm("DELETE", vaultId);
      clock += 91 * day;

      const recovered = await rig.arm("PUT", vaultId, rig.vaultBody({ createMode: "recover" }));

      assert.deepEqual(refusal(recovered), [404, "SoftDeletedVaultDoesNotExist"]);
      assert.equal((await rig.arm("PUT", vaultId, rig.vaultBody())).status, 201);
    });

    it("are purged from soft delete, unless purge protection forbids it", async () => {
      const purge = `${subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/ameidekv/purge`;
      await rig.arm("DELETE", vaultId);
      assert.equal((await rig.arm("POST", purge)).status, 200);
      await rig.arm("PUT", vaultId, rig.vaultBody({ enablePurgeProtection: true }));
      await rig.arm("DELETE", vaultId);

      const refused = await rig.arm("POST", purge);

      assert.deepEqual(refusal(refused), [405, "MethodNotAllowed"]);
    });

    it("fail for an impossible name, another tenant, and a second one at a time", async () => {
      const at = (name: string) => vaultId.replace("ameidekv", name);
      const foreign = rig.vaultBody({ tenantId: "99999999-9999-4999-8999-999999999999" });

      assert.deepEqual(refusal(await rig.arm("PUT", at("ameide--kv"), rig.vaultBody())), [400, "VaultNameNotValid"]);
      assert.deepEqual(refusal(await rig.arm("PUT", vaultId, foreign)), [400, "BadRequest"]);
      assert.deepEqual(refusal(await rig.arm("PUT", at("otherkv"), rig.vaultBody())), [409, "StandInServesOneVault"]);
    });

    it("fail without RBAC and without access policies, as API versions before 2026-02-01 make them", async () => {
      await rig.arm("DELETE", vaultId);

      const made = await rig.arm(
        "PUT",
        vaultId.replace("ameidekv", "otherkv"),
        rig.vaultBody({ enableRbacAuthorization: false }),
      );

      assert.equal(made.body.error.message, "The parameter accessPolicies is not specified.");
    });
  });

  describe("secrets of a vault", () => {
    const secretId = `${vaultId}/secrets/env-ghcr-token`;

    it("are never answered with their value", async () => {
      const made = await rig.arm("PUT", secretId, {
        properties: { value: "value-of-token" },
        tags: { from: "dotenv" },
      });
      const read = await rig.arm("GET", secretId);
      const listed = await rig.arm("GET", `${vaultId}/secrets`);

      assert.equal(made.status, 201);
      assert.deepEqual(read.body, made.body);
      assert.deepEqual(listed.body.value, [made.body]);
      assert.doesNotMatch(JSON.stringify([made, read, listed]), /value-of-token/);
      assert.equal(read.body.properties.secretUri, `${rig.azure.origin}/secrets/env-ghcr-token`);
    });

    it("get a new version for another value, and none for equal properties", async () => {
      const put = async (value: string, more = {}) => {
        const { body } = await rig.arm("PUT", secretId, { properties: { value, ...more } });
        return body.properties.secretUriWithVersion;
      };
      const first = await put("value-one");

      assert.equal(await put("value-one"), first);
      assert.equal(await put("value-one", { attributes: { enabled: true } }), first);
      assert.notEqual(await put("value-two"), first);
      assert.notEqual(await put("value-two", { contentType: "text/plain" }), await put("value-two"));
    });

    it("fail while the name is in soft delete", async () => {
      await rig.arm("PUT", secretId, { properties: { value: "value-one" } });
      const deletion = await rig.operatorClient().beginDeleteSecret("env-ghcr-token", { intervalInMs: 1 });
      await deletion.pollUntilDone();

      const again = await rig.arm("PUT", secretId, { properties: { value: "value-two" } });

      assert.equal(again.status, 409);
      assert.equal(again.body.error.innererror.code, "ObjectIsDeletedButRecoverable");
    });

    it("fail for a name or value that Key Vault does not take, without quoting the value", async () => {
      const named = await rig.arm("PUT", `${vaultId}/secrets/a_b`, { properties: { value: "value-one" } });
      const large = await rig.arm("PUT", secretId, { properties: { value: "x".repeat(25_601) } });

      assert.deepEqual([named.status, large.status], [400, 400]);
      assert.match(large.body.error.message, /properties\.value: the value is longer than 25600 bytes/);
      assert.doesNotMatch(large.body.error.message, /xxx/);
    });
  });

  describe("identities", () => {
    it("keep their ids and credentials while they live, and get others when they are made again", async () => {
      const first = await rig.makeIdentity();
      await rig.federate();
      assert.deepEqual(await rig.makeIdentity(), first);
      const listed = await rig.arm("GET", `${identityId}/federatedIdentityCredentials`);
      assert.equal(listed.body.value.length, 1);

      await rig.arm("DELETE", identityId);
      const second = await rig.makeIdentity();

      assert.notEqual(second.clientId, first.clientId);
      assert.notEqual(second.principalId, first.principalId);
    });

    it("fail outside a resource group that exists", async () => {
      const answer = await rig.arm("PUT", identityId.replace("/Ameide/", "/Nowhere/"), { location: "westeurope" });

      assert.deepEqual(refusal(answer), [404, "ResourceGroupNotFound"]);
    });
  });

  describe("federated credentials", () => {
    // so that two requests overlap even where the second connection is slow to come up
    const slowWrites = { federatedWriteInMilliseconds: 1000 };
    beforeEach(() => rig.makeIdentity());

    it("are made one after the other, read, listed and deleted", async () => {
      assert.equal((await rig.federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" })).status, 201);
      assert.equal((await rig.federate("vault-bootstrap-local")).status, 201);
      assert.equal((await rig.federate("vault-bootstrap-local")).status, 200);
      const one = `${identityId}/federatedIdentityCredentials/vault-bootstrap-dev`;

      const listed = await rig.arm("GET", `${identityId}/federatedIdentityCredentials`);
      assert.deepEqual(listed.body.value[0], (await rig.arm("GET", one)).body);
      assert.deepEqual(listed.body.value[0].properties, {
        issuer: rig.cluster.issuer,
        subject: "system:serviceaccount:a:b",
        audiences: ["api://AzureADTokenExchange"],
      });
      assert.equal((await rig.arm("DELETE", one)).status, 200);
      assert.equal((await rig.arm("DELETE", one)).status, 204);
      assert.deepEqual(refusal(await rig.arm("GET", one)), [404, "ResourceNotFound"]);
    });

    it("fail when two are written at once on one identity: exactly one passes", async () => {
      rig.azure.control.configure(slowWrites);
      const answers = await Promise.all([
        rig.federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" }),
        rig.federate("vault-bootstrap-staging", { subject: "system:serviceaccount:c:d" }),
        rig.federate("vault-bootstrap-prod", { subject: "system:serviceaccount:e:f" }),
      ]);

      const codes = answers.map(({ status, body }) => body.error?.code ?? status);
      assert.deepEqual(codes.toSorted(byText), [
        201,
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      ]);
    });

    it("fail when a deletion meets a write on one identity", async () => {
      await rig.federate();
      rig.azure.control.configure(slowWrites);

      const [deleted, written] = await Promise.all([
        rig.arm("DELETE", `${identityId}/federatedIdentityCredentials/vault-bootstrap-local`),
        rig.federate("vault-bootstrap-dev", { subject: "system:serviceaccount:a:b" }),
      ]);

      assert.deepEqual([deleted.status, written.status].toSorted(byText), [200, 409]);
    });

    it("may be written at once on two identities", async () => {
      const other = identityId.replace("ameide-vault-bootstrap-mi", "other-mi");
      await rig.arm("PUT", other, { location: "westeurope" });
      const properties = { issuer: rig.cluster.issuer, subject: "s", audiences: ["api://AzureADTokenExchange"] };

      const [first, second] = await Promise.all([
        rig.federate(),
        rig.arm("PUT", `${other}/federatedIdentityCredentials/one`, { properties }),
      ]);

      assert.deepEqual([first.status, second.status], [201, 201]);
    });

    it("fail when issuer and subject are there already, and pass for the same name", async () => {
      await rig.federate("vault-bootstrap-local");

      const again = await rig.federate("another-name");

      assert.equal(again.status, 400);
      assert.equal(
        again.body.error.message,
        "Issuer and subject combination already exists for this Managed Identity.",
      );
    });

    it("fail with two audiences or a name that is too short", async () => {
      assert.deepEqual(refusal(await rig.federate("one", { audiences: ["a", "b"] })), [400, "BadRequest"]);
      assert.deepEqual(refusal(await rig.federate("ab")), [400, "BadRequest"]);
    });

    it("fail beyond 20 on one identity", async () => {
      rig.azure.control.configure({ federatedWriteInMilliseconds: 0 });
      for (let n = 1; n <= 20; n++) await rig.federate(`credential-${n}`, { subject: `subject-${n}` });

      const oneMore = await rig.federate("credential-21", { subject: "subject-21" });

      assert.match(oneMore.body.error.message, /has 20 federated identity credentials already/);
    });
  });

  describe("role assignments", () => {
    const name = "33333333-3333-4333-8333-333333333333";

    it("are made, repeated, read, listed by principal and scope, and deleted", async () => {
      const { principalId } = await rig.makeIdentity();
      const made = await rig.assign(principalId, vaultId, secretsUser, name);
      assert.equal(made.status, 201);
      assert.deepEqual(made.body.properties, {
        roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`,
        principalId,
        principalType: "ServicePrincipal",
        scope: vaultId,
      });
      assert.equal((await rig.assign(principalId, vaultId, secretsUser, name)).status, 200);

      const list = async (scope: string, filter = "") => {
        const all = `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(filter)}`;
        return (await rig.arm("GET", all)).body.value.length;
      };
      assert.equal(await list(group), 1);
      assert.equal(await list(group, "atScope()"), 0);
      assert.equal(await list(`${vaultId}/secrets/one`, "atScope()"), 1);
      for (const filter of [`principalId eq '${principalId}'`, `assignedTo('${principalId}')`]) {
        assert.equal(await list(vaultId, filter), 1);
        assert.equal(await list(vaultId, filter.replace(principalId, name)), 0);
      }
      assert.equal((await rig.arm("DELETE", made.body.id)).status, 200);
      assert.equal((await rig.arm("DELETE", made.body.id)).status, 204);
    });

    it("fail under another name for what is assigned already, naming the one that is there", async () => {
      const { principalId } = await rig.makeIdentity();
      await rig.assign(principalId, vaultId, secretsUser, name);

      const again = await rig.assign(principalId);

      assert.deepEqual(refusal(again), [409, "RoleAssignmentExists"]);
      assert.match(again.body.error.message, /is 33333333333343338333333333333333\.$/);
    });

    it("fail under the same name for another role, an unknown role, and a name that is no GUID", async () => {
      const { principalId } = await rig.makeIdentity();
      await rig.assign(principalId, vaultId, secretsUser, name);

      const changed = await rig.assign(principalId, vaultId, secretsOfficer, name);
      const unknown = await rig.assign(principalId, vaultId, name);
      const named = await rig.assign(principalId, group, secretsUser, "reader");

      assert.deepEqual(refusal(changed), [400, "RoleAssignmentUpdateNotPermitted"]);
      assert.deepEqual(refusal(unknown), [404, "RoleDefinitionDoesNotExist"]);
      assert.deepEqual(refusal(named), [400, "InvalidRoleAssignmentId"]);
    });

    it("fail for a principal that Entra does not know, unless the caller says what it is", async () => {
      const put = (principalType?: string) =>
        rig.arm("PUT", `${vaultId}/providers/Microsoft.Authorization/roleAssignments/${name}`, {
          properties: { roleDefinitionId: secretsUser, principalId: name, ...(principalType && { principalType }) },
        });

      assert.deepEqual(refusal(await put()), [400, "PrincipalNotFound"]);
      assert.equal((await put("ServicePrincipal")).status, 201);
    });
  });
});

function refusal({ status, body }: ArmAnswer): readonly [number, string] {
  return [status, body.error.code];
}

function byText(a: unknown, b: unknown): number {
  return String(a).localeCompare(String(b));
}

async function codeOf(answer: Response): Promise<string> {
  const body = (await answer.json()) as { readonly error: { readonly code: string } };
  return body.error.code;
}
