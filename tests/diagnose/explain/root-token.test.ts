import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { bootstrap } from "../changes.ts";
import { healthy, seen, stack } from "../healthy.ts";
import { struckBy } from "../struck.ts";

describe("a stored root token", () => {
  it("is reported if the environment must not store one, with the command that revokes it, and breaks no secret", () => {
    const { causes, secrets } = struckBy("vault-root-token-stored");
    assert.deepEqual(
      causes.map(({ code, fix }) => [code, fix]),
      [
        [
          "vault-root-token-stored",
          'ameide-secrets revoke-root --stack dev --confirm dev --reason "no stored root token"',
        ],
      ],
    );
    assert.deepEqual(
      secrets.filter(({ brokenAt }) => brokenAt !== undefined),
      [],
    );
  });
  it("is fine if the environment stores it for manual commands", () => {
    const stored = bootstrap(() => ({ credentialsSecret: seen({ exists: true, hasRootToken: true }) }));
    assert.deepEqual(explain({ ...healthy(), ...stored(healthy()) }, stack).causes, []);
  });
});
