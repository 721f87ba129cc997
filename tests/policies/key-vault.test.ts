import assert from "node:assert/strict";
import { changed, type Sample } from "./examples/example.ts";
import { keyVault, keyVaultSecret } from "./examples/samples.ts";
import { saidBy } from "../support/policy.ts";

describe("rules of the family key-vault", () => {
  const classic = (props: Readonly<Record<string, unknown>>): Sample => ({
    type: "azure:keyvault/keyVault:KeyVault",
    props: { name: "ameidekv", ...props },
  });

  it("read the classic provider's vault like azure-native's", () => {
    const accepted = {
      enableRbacAuthorization: true,
      purgeProtectionEnabled: true,
      softDeleteRetentionDays: 90,
      networkAcls: { defaultAction: "Deny" },
    };
    for (const [rule, key] of [
      ["key-vault-rbac", "enableRbacAuthorization"],
      ["key-vault-purge-protection", "purgeProtectionEnabled"],
      ["key-vault-network", "networkAcls"],
    ] as const) {
      assert.deepEqual(saidBy(rule, classic(accepted)), []);
      assert.equal(saidBy(rule, classic({ ...accepted, [key]: undefined })).length, 1, rule);
    }
    assert.equal(saidBy("key-vault-soft-delete", classic({ ...accepted, softDeleteRetentionDays: 7 })).length, 1);
  });
  it("accept disabled public access as a closed network", () => {
    const closed = changed(
      keyVault,
      [["properties", "networkAcls"], undefined],
      [["properties", "publicNetworkAccess"], "Disabled"],
    );
    assert.deepEqual(saidBy("key-vault-network", closed), []);
    assert.deepEqual(saidBy("key-vault-network", classic({ publicNetworkAccessEnabled: false })), []);
  });
  it("count a value in bytes, and its tags", () => {
    const value = (text: string): Sample => changed(keyVaultSecret, [["properties", "value"], text]);
    assert.deepEqual(saidBy("key-vault-secret-size", value("ä".repeat(12_800))), []);
    assert.deepEqual(saidBy("key-vault-secret-size", value("ä".repeat(12_801))), [
      "has 25602 bytes; Key Vault allows 25600",
    ]);
    const tags = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, "x"]));
    assert.deepEqual(saidBy("key-vault-secret-size", changed(keyVaultSecret, [["tags"], tags])), [
      "has 16 tags; Key Vault allows 15",
    ]);
  });
  it("fail soft delete that is turned off", () =>
    assert.deepEqual(saidBy("key-vault-soft-delete", changed(keyVault, [["properties", "enableSoftDelete"], false])), [
      "enableSoftDelete is false; set true",
    ]));
});
