import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KubernetesError, type Cluster } from "../../../clients/kubernetes.ts";
import type { ConnectedStack } from "../../../cli/operate/connected-stack.ts";
import { isConfirmed, reconfigureKubernetesAuth, unsealVault } from "../../../cli/operate/vault-repairs.ts";
import { environmentStack } from "../../support/stacks.ts";

/** A Vault that is sealed until it gets a key, with an auth configuration that differs from the program's. */
class FakeVault {
  sealed = true;
  /** How many looks at its health find it a standby after it was unsealed, as while a leader is elected. */
  looksAsStandby = 0;
  readonly tokens: string[] = [];
  readonly #server: Server = createServer((request, response) => {
    const token = request.headers["x-vault-token"];
    if (typeof token === "string") this.tokens.push(token);
    if (request.url === "/v1/sys/unseal") this.sealed = false;
    if (request.url === "/v1/sys/health")
      response.statusCode = this.sealed ? 503 : this.looksAsStandby-- > 0 ? 429 : 200;
    response.end('{"initialized":true}');
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe("a fix of Vault", () => {
  let vault: FakeVault;
  let address: string;
  const { VAULT_TOKEN } = process.env;
  beforeEach(async () => {
    vault = new FakeVault();
    address = await vault.start();
    delete process.env["VAULT_TOKEN"];
  });
  afterEach(() => {
    vault.stop();
    if (VAULT_TOKEN === undefined) delete process.env["VAULT_TOKEN"];
    else process.env["VAULT_TOKEN"] = VAULT_TOKEN;
  });

  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const noEvents = () => Promise.reject(new KubernetesError(403, "events is forbidden"));
  const place = (
    data: Readonly<Record<string, string>> | undefined,
    create: () => Promise<unknown>,
  ): ConnectedStack => {
    const stack = environmentStack("dev");
    const get = () => Promise.reject(new KubernetesError(403, "pods is forbidden"));
    const cluster = { get, find: () => Promise.resolve(data === undefined ? undefined : { data }), create };
    return {
      stack: { ...stack, vault: { ...stack.vault, operatorAddress: address } },
      cluster: cluster as unknown as Cluster,
    } as unknown as ConnectedStack;
  };
  const made = () => Promise.resolve({});
  const change = { change: true, reason: "a test" };

  describe("isConfirmed", () => {
    const shared = { stack: environmentStack("dev"), isShared: true };

    it("is a dry run until the stack's name is repeated, on a shared stack with a reason", () => {
      assert.equal(isConfirmed(shared, {}), false);
      assert.equal(isConfirmed(shared, { confirm: "dev", reason: "node was replaced" }), true);
      assert.equal(isConfirmed({ ...shared, isShared: false }, { confirm: "dev" }), true);
    });
    it("fails for another stack's name, and for a shared stack without a reason, which the Event needs", () => {
      assert.throws(() => isConfirmed(shared, { confirm: "prod", reason: "x" }), { code: "not-confirmed" });
      for (const reason of [{}, { reason: " " }])
        assert.throws(() => isConfirmed(shared, { confirm: "dev", ...reason }), {
          code: "reason-missing",
          message: /fix: --confirm dev --reason "<why>"$/,
        });
    });
  });

  describe("unsealVault", () => {
    it("reports success also if the Event could not be created, and why", async () => {
      const { did } = await unsealVault(place({ "unseal-key": base64("key") }, noEvents), change);
      assert.equal(vault.sealed, false);
      assert.match(
        did,
        /^unsealed \(the Event could not be created: events is forbidden\); then resync .*: ameide-secrets resync --stack dev --yes$/,
      );
      assert.match((await reconfigured(noEvents)).did, /^written \(the Event could not be created/);
    });

    it("returns when Vault is active: until it is the leader, an unsealed Vault refuses requests", async () => {
      vault.looksAsStandby = 2;
      const { did } = await unsealVault(place({ "unseal-key": base64("key") }, made), change);
      assert.match(did, /^unsealed; then resync/);
      assert.ok(vault.looksAsStandby < 0);
    });

    it("fails if Vault cannot be reached, and names the missing right to a port-forward", async () => {
      vault.stop();
      const why = "no port-forward to ameide-dev/vault-core-dev-0: viewer cannot create pods/portforward";
      const access = { vault: { address, hasToken: false, get: () => Promise.reject(new Error(why)) } };
      const closed = { ...place({ "unseal-key": base64("key") }, made), access } as unknown as ConnectedStack;
      await assert.rejects(unsealVault(closed, change), {
        code: "vault-unreachable",
        message: /^Vault at \S+ is unreachable: no port-forward .*cannot create pods\/portforward\n {2}fix: /,
      });
    });

    it("fails without its key, with a fix that does not suggest a token: none unseals Vault", async () => {
      await assert.rejects(unsealVault(place(undefined, made), change), {
        code: "vault-credentials-missing",
        message: /does not exist\n {2}fix: .*vault operator unseal -address=http:\/\/127\.0\.0\.1:\d+$/,
      });
    });
  });

  const reconfigured = (create = made as () => Promise<unknown>) =>
    reconfigureKubernetesAuth(place({ "root-token": base64("root") }, create), change);

  describe("reconfigureKubernetesAuth", () => {
    it("uses VAULT_TOKEN, or the root token in the cluster if it is not set", async () => {
      await reconfigured();
      process.env["VAULT_TOKEN"] = "mine";
      await reconfigureKubernetesAuth(place(undefined, made), change);
      assert.deepEqual(vault.tokens, ["root", "root", "root", "mine", "mine"], "the stored one is tried first");
    });

    it("shows what it found and expected before it changes anything, and no certificate", async () => {
      const dry = place({ "root-token": base64("root") }, made);
      const { found } = await reconfigureKubernetesAuth(dry, { change: false, reason: "" });
      assert.match(
        found,
        /^auth\/kubernetes of Vault at http:\/\/127\.0\.0\.1:\d+ differs: /,
        "which Vault it would change",
      );
      assert.match(found, /kubernetes_host is not set, expected https:\/\/kubernetes\.default\.svc; /);
      assert.doesNotMatch(found, /BEGIN/);
    });

    it("fails without either, naming what the token must be allowed to do", async () => {
      await assert.rejects(reconfigureKubernetesAuth(place(undefined, made), change), {
        code: "vault-credentials-missing",
        message: /fix: set VAULT_TOKEN to a token that can write auth\/kubernetes\/config$/,
      });
    });
  });
});
