import assert from "node:assert/strict";
import { generateRootToken, openRootToken, withRootToken } from "../../../cli/access/root-token.ts";
import { shortToken, vaultCall, vaultStatus } from "../../../cli/access/vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { openVault, type OpenedVault } from "../../support/open-vault.ts";
import { useServers } from "../../support/servers.ts";

const namespace = "ameide-staging";

/** A cluster with these fields, decoded, in `vault-auto-credentials`. */
function clusterWith(data: Readonly<Record<string, string>> | undefined) {
  const encoded = Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  const secret = data === undefined ? undefined : { data: Object.fromEntries(encoded) };
  return { find: () => Promise.resolve(secret) as never };
}

describe("openRootToken, on OpenBao", function () {
  this.timeout(60_000);
  const servers = useServers(["openbao"]);
  let address: string;
  let opened: OpenedVault;
  let root: Redacted;

  before(async () => {
    address = servers().home.vaultUrl;
    opened = await openVault(address);
    root = new Redacted(opened.rootToken);
  });

  const options = (data: Readonly<Record<string, string>> | undefined) => ({
    vault: { address },
    namespace,
    cluster: clusterWith(data),
  });
  const lookUp = (token: Redacted) =>
    vaultCall<{ data: { policies: string[]; ttl: number } }>({ address }, token, "GET", "/v1/auth/token/lookup-self");
  const attempt = () => vaultCall<{ started: boolean }>({ address }, undefined, "GET", "/v1/sys/generate-root/attempt");
  const begin = () => vaultCall({ address }, undefined, "PUT", "/v1/sys/generate-root/attempt", {});
  const cancel = () => vaultCall({ address }, undefined, "DELETE", "/v1/sys/generate-root/attempt");
  const onlyKey = () => options({ "unseal-key": opened.unsealKey });

  it("is the stored one if it is valid, and stays valid", async () => {
    const { token, revoke } = await openRootToken(options({ "root-token": opened.rootToken }));
    assert.equal(token.reveal(), opened.rootToken);
    await revoke();
    await lookUp(root);
  });

  it("is generated with the unseal key if none is stored, and is revoked afterwards", async () => {
    const { token, revoke } = await openRootToken(onlyKey());
    assert.notEqual(token.reveal(), opened.rootToken);
    assert.deepEqual((await lookUp(token)).data.policies, ["root"]);
    await revoke();
    await assert.rejects(lookUp(token), (error) => vaultStatus(error) === 403);
    assert.equal((await attempt()).started, false);
    await lookUp(root);
  });

  it("is also generated if the stored one was revoked, such as by hand", async () => {
    const { token: dead, revoke: kill } = await openRootToken(onlyKey());
    await kill();
    const data = { "root-token": dead.reveal(), "unseal-key": opened.unsealKey };
    const { token, revoke } = await openRootToken(options(data));
    assert.deepEqual((await lookUp(token)).data.policies, ["root"]);
    await revoke();
  });

  it("is generated with a recovery key, for a Vault that a key service unseals", async () => {
    // OpenBao here unseals with its key; it takes the same key by this name
    const { revoke } = await openRootToken(options({ "recovery-key": opened.unsealKey }));
    await revoke();
  });

  it("leaves the tokens that were created with it", async () => {
    const made = await withRootToken(onlyKey(), (token) =>
      vaultCall<{ auth: { client_token: string } }>({ address }, token, "POST", "/v1/auth/token/create", { ttl: "1m" }),
    );
    await lookUp(new Redacted(made.auth.client_token));
  });

  it("is revoked after its use, also if that fails", async () => {
    let used: Redacted | undefined;
    await assert.rejects(
      withRootToken(onlyKey(), (token) => {
        used = token;
        throw new Error("refused");
      }),
      /^Error: refused$/,
    );
    assert.ok(used);
    await assert.rejects(lookUp(used), (error) => vaultStatus(error) === 403);
  });

  it("creates a short-lived token that outlives it", async () => {
    const short = await withRootToken(onlyKey(), (token) =>
      shortToken({ vault: { address }, root: token, policy: "default", ttl: "1m" }),
    );
    await lookUp(short.token);
    await short.revoke();
  });

  it("waits for somebody else's generation, and never ends it", async () => {
    await begin();
    const waiting = openRootToken(onlyKey());
    await assert.rejects(openRootToken({ ...onlyKey(), patienceInSeconds: 0 }), {
      code: "vault-root-busy",
      message: /\n {2}fix: wait until they are done; .*vault operator generate-root -cancel -address=http/,
    });
    assert.equal((await attempt()).started, true);
    await cancel();
    await (await waiting).revoke();
  });

  it("serves several at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => openRootToken(onlyKey())));
    assert.equal(new Set(all.map(({ token }) => token.reveal())).size, 4);
    await Promise.all(all.map(({ revoke }) => revoke()));
  });

  it("fails with another Vault's key, and leaves no attempt behind", async () => {
    const wrong = Buffer.alloc(32, 7).toString("base64");
    await assert.rejects(generateRootToken({ address }, new Redacted(wrong)), {
      code: "vault-root-not-generated",
      message: /fix: set VAULT_TOKEN .*disable_unauthed_generate_root_endpoints/,
    });
    assert.equal((await attempt()).started, false);
  });

  it("fails if there is neither token nor key, or only a revoked token, naming the Secret", async () => {
    const code = "vault-credentials-missing";
    for (const [data, message] of [
      [undefined, /ameide-staging\/vault-auto-credentials does not exist\n {2}fix: set VAULT_TOKEN/],
      [{}, /has neither root-token nor unseal-key/],
      [{ "root-token": "s.gone" }, /root-token that was revoked, and no unseal-key/],
    ] as const)
      await assert.rejects(openRootToken(options(data)), { code, message });
  });
});
