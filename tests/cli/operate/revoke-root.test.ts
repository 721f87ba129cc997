import assert from "node:assert/strict";
import { openCluster } from "../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { openRootToken } from "../../../cli/access/root-token.ts";
import { vaultCall, vaultStatus } from "../../../cli/access/vault.ts";
import type { ConnectedStack } from "../../../cli/operate/connected-stack.ts";
import { revokeStoredRootToken } from "../../../cli/operate/vault-repairs.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { localContext } from "../../../local/home.ts";
import { openVault, type OpenedVault } from "../../support/open-vault.ts";
import { useSharedServers } from "../../support/shared-servers.ts";
import { environmentStack } from "../../support/stacks.ts";

const secrets = "/api/v1/namespaces/ameide-staging/secrets";
const path = `${secrets}/vault-auto-credentials`;

describe("revokeStoredRootToken, on OpenBao and a real API server", function () {
  this.timeout(60_000);
  const servers = useSharedServers(["kube-apiserver", "openbao"]);
  let cluster: Cluster;
  let opened: OpenedVault;
  let address: string;
  /** A root token of its own for each test: the first one makes the others. */
  let stored: Redacted;

  before(async () => {
    const { home } = servers();
    address = home.vaultUrl;
    opened = await openVault(address);
    cluster = await openCluster({ kubeconfig: home.kubeconfig, context: localContext });
    await cluster.create("/api/v1/namespaces", { metadata: { name: "ameide-staging" } });
  });

  beforeEach(async () => {
    const key = { find: () => Promise.resolve({ data: encoded({ "unseal-key": opened.unsealKey }) }) as never };
    stored = (await openRootToken({ vault: { address }, cluster: key, namespace: "ameide-staging" })).token;
  });
  afterEach(() => cluster.remove(path));

  const encoded = (data: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  const keep = (data: Readonly<Record<string, string>>) =>
    cluster.create(secrets, { metadata: { name: "vault-auto-credentials" }, data: encoded(data) });
  const kept = async () => Object.keys((await cluster.get<{ data?: object }>(path)).data ?? {}).toSorted();
  const isValid = (token: Redacted) =>
    vaultCall({ address }, token, "GET", "/v1/auth/token/lookup-self").then(
      () => true,
      (error: unknown) => vaultStatus(error) !== 403,
    );
  const place = (with_: Partial<Cluster> = {}, rootToken: "stored" | "revoked" = "revoked"): ConnectedStack => {
    const stack = environmentStack("staging");
    return {
      stack: {
        ...stack,
        strictness: { ...stack.strictness, rootToken },
        vault: { ...stack.vault, operatorAddress: address },
      },
      cluster: {
        find: (where: string) => cluster.find(where),
        create: (where: string, object: object) => cluster.create(where, object),
        patch: (where: string, what: object) => cluster.patch(where, what),
        ...with_,
      },
    } as unknown as ConnectedStack;
  };
  const both = () => ({ "root-token": stored.reveal(), "unseal-key": opened.unsealKey });
  const change = { change: true, reason: "a test" };

  it("changes nothing until it is confirmed, and reports what it would do", async () => {
    await keep(both());
    const { needed, found, did } = await revokeStoredRootToken(place(), { change: false, reason: "" });
    assert.ok(needed);
    assert.match(found, /root-token that is valid and never expires$/);
    assert.match(
      did,
      /^would revoke it and remove it .*first stop everything that reads it there, such as an older vault-bootstrap$/,
    );
    assert.deepEqual(await kept(), ["root-token", "unseal-key"]);
    assert.ok(await isValid(stored));
  });

  it("revokes and removes the token, and keeps the unseal key, which generates the next one", async () => {
    await keep(both());
    assert.ok((await revokeStoredRootToken(place(), change)).needed);
    assert.deepEqual(await kept(), ["unseal-key"]);
    assert.equal(await isValid(stored), false);
    const next = await openRootToken({ vault: { address }, cluster, namespace: "ameide-staging" });
    assert.ok(await isValid(next.token));
    await next.revoke();
    assert.equal((await revokeStoredRootToken(place(), change)).needed, false, "there is nothing to do twice");
  });

  it("leaves the tokens that others created with it", async () => {
    await keep(both());
    const made = await vaultCall<{ auth: { client_token: string } }>(
      { address },
      stored,
      "POST",
      "/v1/auth/token/create",
      {},
    );
    await revokeStoredRootToken(place(), change);
    assert.ok(await isValid(new Redacted(made.auth.client_token)));
  });

  it("completes an interrupted run: a token that was revoked but is still stored", async () => {
    await keep(both());
    let patched = 0;
    const stopped: Cluster["patch"] = async (where, what) => {
      if (++patched === 2) throw new Error("killed");
      return await cluster.patch(where, what);
    };
    await assert.rejects(revokeStoredRootToken(place({ patch: stopped }), change), /killed/);
    assert.deepEqual(await kept(), ["root-token", "unseal-key"]);
    assert.equal(await isValid(stored), false);
    await (await openRootToken({ vault: { address }, cluster, namespace: "ameide-staging" })).revoke(); // usable meanwhile

    assert.match((await revokeStoredRootToken(place(), change)).found, /is no longer valid$/);
    assert.deepEqual(await kept(), ["unseal-key"]);
  });

  it("fails before the first change if no other root token could be generated", async () => {
    await keep({ "root-token": stored.reveal() });
    await assert.rejects(revokeStoredRootToken(place(), change), { code: "vault-credentials-missing" });
    await cluster.patch(path, { data: encoded({ "unseal-key": Buffer.alloc(32, 1).toString("base64") }) });
    await assert.rejects(revokeStoredRootToken(place(), change), { code: "vault-root-not-generated" });
    assert.deepEqual(await kept(), ["root-token", "unseal-key"]);
    assert.ok(await isValid(stored));
  });

  it("fails before it revokes anything if the Secret may not be changed", async () => {
    await keep(both());
    const refused = { patch: () => Promise.reject(new Error("secrets is forbidden")) };
    await assert.rejects(revokeStoredRootToken(place(refused), change), /forbidden/);
    assert.ok(await isValid(stored));
  });

  it("keeps it if the environment's settings store it", async () => {
    await keep(both());
    const { needed, did } = await revokeStoredRootToken(place({}, "stored"), change);
    assert.equal(needed, false);
    assert.match(did, /environments\/staging\.ts has rootToken: "stored"/);
    assert.ok(await isValid(stored));
  });
});
