import assert from "node:assert/strict";
import { deployerToken, ownVaultAddress, ownVaultToken, vaultCall, vaultStatus } from "../../../cli/access/vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { openVault } from "../../support/open-vault.ts";
import { useServers } from "../../support/servers.ts";

describe("deployerToken, on OpenBao", function () {
  this.timeout(60_000);
  const servers = useServers(["openbao"]);
  const policy = { name: "ameide-secrets-deployer", policy: 'path "sys/mounts" { capabilities = ["read"] }' };
  const other = { name: "ameide-secrets-auditor", policy: "# nothing" };
  let address: string;
  let root: Redacted;

  before(async () => {
    address = servers().home.vaultUrl;
    root = new Redacted((await openVault(address)).rootToken);
  });

  /** A root token that counts how often it was ended. */
  const opened = () => {
    const ends: string[] = [];
    return { ends, token: root, revoke: () => Promise.resolve(void ends.push("revoked")) };
  };

  const policiesOf = async (token: Redacted) =>
    (await vaultCall<{ data: { policies: string[] } }>({ address }, token, "GET", "/v1/auth/token/lookup-self")).data
      .policies;
  const seesMounts = (token: Redacted) => vaultCall({ address }, token, "GET", "/v1/sys/mounts");

  it("reads as root in a preview before the policy exists, without creating it or revoking root", async () => {
    const kept = opened();
    const first = await deployerToken({ vault: { address }, root: kept, policies: [policy], writePolicies: false });
    await seesMounts(first.token);
    assert.deepEqual(kept.ends, [], "it is in use until the preview ends");
    await first.revoke();
    assert.deepEqual(kept.ends, ["revoked"]);
    assert.deepEqual(await policiesOf(root), ["root"]);
    const absent = vaultCall({ address }, root, "GET", `/v1/sys/policies/acl/${policy.name}`);
    await assert.rejects(absent, (error) => vaultStatus(error) === 404);
  });

  it("creates the policy for an update, and a token with it that ends with the run", async () => {
    const used = opened();
    const short = await deployerToken({
      vault: { address },
      root: used,
      policies: [policy, other],
      writePolicies: true,
    });
    assert.deepEqual(used.ends, ["revoked"], "root is not needed any longer");
    await vaultCall({ address }, root, "GET", `/v1/sys/policies/acl/${other.name}`);
    await seesMounts(short.token);
    assert.deepEqual(await policiesOf(short.token), ["ameide-secrets-deployer", "default"]);
    await short.revoke();
    await assert.rejects(seesMounts(short.token), /answered 403/);
  });

  it("revokes the root token also if Vault refuses its use", async () => {
    const used = opened();
    const broken = { name: "broken", policy: "path {" };
    await assert.rejects(deployerToken({ vault: { address }, root: used, policies: [broken], writePolicies: true }), {
      code: "vault-refused",
    });
    assert.deepEqual(used.ends, ["revoked"]);
  });

  it("leaves the policy unchanged in a later preview", async () => {
    const short = await deployerToken({
      vault: { address },
      root: opened(),
      policies: [{ ...policy, policy: "# less" }],
      writePolicies: false,
    });
    await seesMounts(short.token);
    assert.deepEqual(await policiesOf(short.token), ["ameide-secrets-deployer", "default"]);
  });
});

describe("ownVaultToken", () => {
  it("is the exported one, for a shared Vault", () =>
    assert.equal(ownVaultToken("prod", { VAULT_TOKEN: "t" })?.reveal(), "t"));
  it("is none in local, whatever is exported: that belongs to another Vault", () =>
    assert.equal(ownVaultToken("local", { VAULT_TOKEN: "t" }), undefined));
  it("is none if none is exported, or an empty one", () => {
    assert.equal(ownVaultToken("prod", {}), undefined);
    assert.equal(ownVaultToken("prod", { VAULT_TOKEN: "" }), undefined);
  });
});

describe("ownVaultAddress", () => {
  const VAULT_ADDR = "https://vault.example";
  it("is the exported one if its token is exported too", () =>
    assert.equal(ownVaultAddress({ VAULT_ADDR, VAULT_TOKEN: "t" }), VAULT_ADDR));
  it("is none without a token: the cluster's token must not be sent to an unknown Vault", () => {
    assert.equal(ownVaultAddress({ VAULT_ADDR }), undefined);
    assert.equal(ownVaultAddress({ VAULT_ADDR, VAULT_TOKEN: "" }), undefined);
  });
  it("is none if none is exported", () => {
    assert.equal(ownVaultAddress({ VAULT_TOKEN: "t" }), undefined);
    assert.equal(ownVaultAddress({ VAULT_ADDR: "", VAULT_TOKEN: "t" }), undefined);
  });
});
