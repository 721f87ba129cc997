import assert from "node:assert/strict";
import { generateRootToken } from "../../../cli/access/root-token.ts";
import { vaultCall } from "../../../cli/access/vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { LocalHome } from "../../../local/home.ts";
import { namespace } from "../azure-setup.ts";
import { useRig } from "../use-rig.ts";

const untilUnsealed = { args: ["--until=unsealed"] };

describe("a root token that is not stored", function () {
  this.timeout(90_000);
  const rig = useRig();

  const configFor = (address: string, credentialsSecret: string) =>
    rig().config({ vault: rig().vaultConfig({ address, credentialsSecret, rootToken: "revoked" }) });
  const dataOf = async (name: string): Promise<Readonly<Record<string, string>>> =>
    (await rig().cluster.call("GET", `/api/v1/namespaces/${namespace}/secrets/${name}`)).body.data;

  /** Root tokens that Vault knows, found with a new one that does not count. */
  async function rootTokensOf(home: LocalHome, unsealKey: string): Promise<number> {
    const own = await generateRootToken({ address: home.vaultUrl }, new Redacted(unsealKey));
    const call = <T>(method: "GET" | "POST", path: string, body?: object) =>
      vaultCall<T>({ address: home.vaultUrl }, own, method, `/v1/auth/token/${path}`, body);
    const { data } = await call<{ data: { keys: string[] } }>("GET", "accessors?list=true");
    const looked = await Promise.all(
      data.keys.map((accessor) => call<{ data: { policies: string[] } }>("POST", "lookup-accessor", { accessor })),
    );
    await call("POST", "revoke-self", {});
    return looked.filter((one) => one.data.policies.includes("root")).length - 1;
  }

  /** Initialised, open, with the unseal key in the cluster, and nothing else there. @returns how many root tokens are left. */
  async function whole(home: LocalHome, name: string): Promise<number> {
    const data = await dataOf(name);
    assert.deepEqual(Object.keys(data), ["unseal-key"]);
    return await rootTokensOf(home, Buffer.from(data["unseal-key"] ?? "", "base64").toString());
  }

  it("is revoked after the first run; the Secret has only the unseal key, which generates a new one", async () => {
    const home = await rig().freshVault();
    await rig().cluster.allowSecret("credentials-revoked");
    const result = await rig().run(configFor(home.vaultUrl, "credentials-revoked"), untilUnsealed);
    assert.equal(result.code, 0, result.text);
    assert.ok(result.lines.some(({ event }) => event === "root-token-revoked"));
    assert.equal(await whole(home, "credentials-revoked"), 0);
  });

  const moments = [
    { when: "before Vault is unsealed", path: "/v1/sys/unseal", isHeard: false, left: 1 },
    { when: "after Vault is unsealed", path: "/v1/sys/unseal", isHeard: true, left: 1 },
    { when: "before the token is revoked", path: "/v1/auth/token/revoke-self", isHeard: false, left: 1 },
    { when: "after the token is revoked", path: "/v1/auth/token/revoke-self", isHeard: true, left: 0 },
  ];
  for (const [index, { when, path: at, isHeard, left }] of moments.entries()) {
    it(`leaves a Vault that the next run can unseal if the run is killed ${when}`, async () => {
      const home = await rig().freshVault();
      const name = `credentials-killed-${index}`;
      await rig().cluster.allowSecret(name);
      const address = await rig().proxy(async ({ path }, forward) => {
        if (path !== at) return await forward();
        if (isHeard) await forward();
        run.child.kill("SIGKILL");
        return "drop";
      }, home.vaultUrl);
      const run = rig().launch(configFor(address, name), untilUnsealed);
      await run.result;
      await rig().cluster.endLease();

      const result = await rig().run(configFor(home.vaultUrl, name), untilUnsealed);
      assert.equal(result.code, 0, result.text);
      // one that is left was in the memory of the killed run alone
      assert.equal(await whole(home, name), left);
    });
  }

  it("does not fail a run if Vault does not revoke it, and the log reports that", async () => {
    const home = await rig().freshVault();
    await rig().cluster.allowSecret("credentials-unrevoked");
    const address = await rig().proxy(
      async ({ path }, forward) =>
        path === "/v1/auth/token/revoke-self" ? { status: 400, body: '{"errors":["no"]}' } : await forward(),
      home.vaultUrl,
    );
    const result = await rig().run(configFor(address, "credentials-unrevoked"), untilUnsealed);
    assert.equal(result.code, 0, result.text);
    assert.ok(result.lines.some(({ event }) => event === "root-token-not-revoked"));
  });
});
