import assert from "node:assert/strict";
import { bootstrapWriters } from "../../domain/bootstrap-writers.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

describe("VaultSessions", function () {
  this.timeout(60_000);
  const rig = useRig();

  const names = Array.from({ length: 100 }, (_none, index) => `parted-${index}`);
  const config = () => rig().config({ secrets: names.map((name) => external(name)) });

  it("logs in once for each part of more than 64 paths, writes each path with the token of its part, and revokes all", async () => {
    await rig().vault.allow(config());
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, "value-1"])));
    const roleOfToken = new Map<string, string>();
    const writes = new Map<string, string | undefined>();
    let revoked = 0;
    const address = await rig().proxy(async ({ method, path, body, token }, forward) => {
      const answer = await forward();
      if (path === "/v1/auth/kubernetes/login") {
        const { auth } = JSON.parse(answer.body) as { auth: { client_token: string } };
        roleOfToken.set(auth.client_token, (JSON.parse(body) as { role: string }).role);
      }
      if (path === "/v1/auth/token/revoke-self") revoked++;
      if (method === "POST" && path.startsWith("/v1/secret/data/")) {
        writes.set(path.slice("/v1/secret/data/".length), roleOfToken.get(token ?? ""));
      }
      return answer;
    });

    const result = await rig().runHere({ ...config(), vault: rig().vaultConfig({ address }) });

    assert.equal(result.code, 0, result.text);
    assert.equal(result.summary["written"], 100);
    const wanted = bootstrapWriters(config()).flatMap(({ role, paths }) => paths.map((path) => [path, role] as const));
    assert.deepEqual(writes, new Map(wanted));
    assert.equal(roleOfToken.size, 4);
    assert.equal(revoked, 4);
  });

  it("fails as vault-throttled if a quota of Vault is used up, at the login or later", async () => {
    const secrets = [external("throttled")];
    await rig().vault.allow(rig().config({ secrets }));
    await rig().source.setSecrets({ throttled: "value-1" });
    for (const limited of ["/v1/auth/kubernetes/login", "/v1/secret/data/throttled"]) {
      const answer = { status: 429, body: '{"errors":["request path rate limit quota exceeded"]}' };
      const address = await rig().proxy(async ({ path }, forward) => (path === limited ? answer : await forward()));
      const ended = await rig().runHere({ ...rig().config({ secrets }), vault: rig().vaultConfig({ address }) });
      assert.deepEqual([ended.code, ended.summary["cause"]], [27, "vault-throttled"], ended.text);
      assert.match(String(ended.summary["problem"]), /too many requests: .*quota exceeded/);
    }
  });

  it("does not blame the role if Vault itself fails at the login", async () => {
    const secrets = [external("failing-login")];
    await rig().vault.allow(rig().config({ secrets }));
    await rig().source.setSecrets({ "failing-login": "value-1" });
    for (const [status, said, wanted, fix] of [
      [500, "internal error", [28, "vault-failing"], /check Vault's log/],
      [500, "local node not active but active cluster node not found", [28, "vault-failing"], /ameide-secrets unseal/],
      [502, undefined, [28, "vault-failing"], /check Vault's log/],
      [503, "Vault is sealed", [21, "vault-sealed"], /ameide-secrets unseal/],
      // as the plugin answers without a configuration, and as it answered until 0.10 where it could not review a token
      [500, "could not load backend configuration", [25, "vault-auth-refused"], /reconfigure-auth/],
      [500, 'Post "https://10.0.0.1/apis/authentication.k8s.io/v1/tokenreviews": dial tcp: i/o timeout', [25, "vault-auth-refused"], /reconfigure-auth/], // prettier-ignore
      [500, "service account name not authorized", [25, "vault-auth-refused"], /another ServiceAccount/],
    ] as const) {
      const answer = { status, body: said === undefined ? "<html></html>" : JSON.stringify({ errors: [said] }) };
      const isLogin = (path: string) => path === "/v1/auth/kubernetes/login";
      const address = await rig().proxy(async ({ path }, forward) => (isLogin(path) ? answer : await forward()));
      const ended = await rig().runHere({ ...rig().config({ secrets }), vault: rig().vaultConfig({ address }) });
      assert.deepEqual([ended.code, ended.summary["cause"]], wanted, ended.text);
      assert.match(String(ended.summary["fix"]), fix);
    }
  });

  it("fails as vault-auth-refused before the first write, naming the part, if one role is missing", async () => {
    // more than are asked about one by one
    const fresh = Array.from({ length: 250 }, (_none, index) => `unparted-${index}`);
    const { secrets, vault } = rig().config({ secrets: fresh.map((name) => external(name)) });
    const [, missing] = bootstrapWriters({ secrets, vault, mappedSecrets: [] });
    assert.ok(missing);
    await rig().vault.allow(rig().config({ secrets }));
    await rig().vault.call("DELETE", `auth/kubernetes/role/${missing.role}`);
    await rig().source.setSecrets(Object.fromEntries(fresh.map((name) => [name, "value-1"])));

    const { code, summary } = await rig().runHere(rig().config({ secrets }));

    assert.equal(code, 25, JSON.stringify(summary));
    assert.match(String(summary["problem"]), new RegExp(`as role ${missing.role}: .*invalid role name`));
    assert.deepEqual((await Promise.all(fresh.map((name) => rig().vault.value(name)))).filter(Boolean), []);
  });
});
