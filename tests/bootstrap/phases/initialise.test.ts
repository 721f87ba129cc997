import assert from "node:assert/strict";
import { vaultCall } from "../../../cli/access/vault.ts";
import type { BootstrapConfig } from "../../../domain/bootstrap-config.ts";
import type { LocalHome } from "../../../local/home.ts";
import { exchange } from "../../../clients/http.ts";
import { namespace } from "../azure-setup.ts";
import { useRig } from "../use-rig.ts";

async function healthOf(home: LocalHome): Promise<number> {
  return (await exchange(`${home.vaultUrl}/v1/sys/health`)).status;
}

const uninitialised = 501;
const sealed = 503;
const active = 200;

describe("initialise", function () {
  this.timeout(60_000);
  const rig = useRig();
  let fresh: LocalHome;

  /** For a separate Vault, with its keys in a separate Secret. */
  const configFor = (home: LocalHome, credentialsSecret: string, changes: Partial<BootstrapConfig["vault"]> = {}) =>
    rig().config({ vault: rig().vaultConfig({ address: home.vaultUrl, credentialsSecret, ...changes }) });
  const secretPath = (name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const untilUnsealed = { args: ["--until=unsealed"] };

  before(async () => {
    fresh = await rig().freshVault();
    for (const name of ["kept", "lost", "killed", "unanswered", "twice", "gone", "share"])
      await rig().cluster.allowSecret(`credentials-${name}`);
  });

  it("fails as vault-uninitialised if the environment does not allow initialisation", async () => {
    const { code, summary } = await rig().run(
      configFor(fresh, "unreadable", { initialise: false, unseal: "kms" }),
      untilUnsealed,
    );
    assert.equal(code, 22, JSON.stringify(summary));
    assert.equal(summary["phase"], "initialise");
    assert.equal(await healthOf(fresh), uninitialised);
  });

  it("fails as vault-lost if keys of an earlier Vault exist, and changes neither", async () => {
    const data = { "root-token": "b2xk", "unseal-key": "b2xk" };
    await rig().cluster.call("POST", secretPath(""), { metadata: { name: "credentials-lost" }, data });

    const { code, summary } = await rig().run(configFor(fresh, "credentials-lost"), untilUnsealed);

    assert.equal(code, 23, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /Secret ameide-local\/credentials-lost contains the keys/);
    assert.deepEqual((await rig().cluster.call("GET", secretPath("credentials-lost"))).body.data, data);
    assert.equal(await healthOf(fresh), uninitialised);
    assert.equal((await rig().cluster.status())?.cause, "vault-lost");
  });

  it("fails before it calls Vault if the API server would not accept the keys", async () => {
    await rig().cluster.allowSecret("Not-A-Name");
    const { code, summary } = await rig().run(configFor(fresh, "Not-A-Name"), untilUnsealed);
    assert.equal(code, 22, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /its keys could not be stored/);
    assert.equal(await healthOf(fresh), uninitialised);
  });

  it("blames the API server, and not a missing right, if that check fails", async () => {
    const kubernetesAddress = await rig().kubernetesProxy(async ({ method, path }, forward) =>
      method === "POST" && path.endsWith("/secrets?dryRun=All") ? { status: 503, body: "{}" } : await forward(),
    );
    const { code, summary } = await rig().runHere(configFor(fresh, "credentials-kept"), { kubernetesAddress });
    assert.deepEqual([code, summary["phase"]], [44, "initialise"], JSON.stringify(summary));
    assert.doesNotMatch(String(summary["fix"]), /Role/);
    assert.equal(await healthOf(fresh), uninitialised);
  });

  it("reports what it would do with --dry-run, and does nothing", async () => {
    const result = await rig().run(configFor(fresh, "credentials-kept"), { args: ["--dry-run"] });
    assert.equal(result.code, 0, result.text);
    assert.ok(result.lines.some(({ event }) => event === "would-initialise"));
    assert.equal(await healthOf(fresh), uninitialised);
  });

  it("initialises and unseals, stores root token and unseal key in the Secret, and prints neither", async () => {
    const result = await rig().run(configFor(fresh, "credentials-kept"), untilUnsealed);
    assert.equal(result.code, 0, result.text);
    assert.equal(await healthOf(fresh), active);
    const { data } = (await rig().cluster.call("GET", secretPath("credentials-kept"))).body;
    assert.deepEqual(Object.keys(data).toSorted(), ["root-token", "unseal-key"]);
    for (const value of Object.values<string>(data)) {
      assert.ok(!result.text.includes(Buffer.from(value, "base64").toString()));
    }
  });

  it("fails as vault-orphaned after a run was killed between Vault's answer and the write of the Secret", async () => {
    const home = await rig().freshVault();
    const address = await rig().proxy(async ({ path }, forward) => {
      const answer = await forward();
      if (path !== "/v1/sys/init") return answer;
      run.child.kill("SIGKILL");
      return "drop";
    }, home.vaultUrl);
    const run = rig().launch(configFor(home, "credentials-killed", { address }), untilUnsealed);
    await run.result;
    await rig().cluster.endLease();
    await rig().cluster.setStatus(undefined);

    const { code, summary } = await rig().run(configFor(home, "credentials-killed"), untilUnsealed);

    assert.equal(code, 24, JSON.stringify(summary));
    assert.match(String(summary["fix"]), /^put the Secret back from your backup.*if that Secret never existed.*delete/);
    assert.equal((await rig().cluster.call("GET", secretPath("credentials-killed"))).status, 404);
  });

  it("fails as vault-orphaned if Vault's answer was lost, and does not ask again", async () => {
    const home = await rig().freshVault();
    let asked = 0;
    const address = await rig().proxy(async ({ method, path }, forward) => {
      const answer = await forward();
      if (path !== "/v1/sys/init" || method !== "POST") return answer;
      asked++;
      return "drop";
    }, home.vaultUrl);
    const { code, summary } = await rig().run(configFor(home, "credentials-unanswered", { address }), untilUnsealed);
    assert.equal(code, 24, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /initialised by this run/);
    assert.match(String(summary["fix"]), /delete its volume/);
    assert.equal(asked, 1);
  });

  it("fails as vault-orphaned, without advice to delete anything, if somebody else initialised Vault first", async () => {
    const home = await rig().freshVault();
    const address = await rig().proxy(async ({ method, path, body }, forward) => {
      if (method === "POST" && path === "/v1/sys/init") await exchange(`${home.vaultUrl}${path}`, { method, body });
      return await forward();
    }, home.vaultUrl);
    const { code, summary } = await rig().runHere(configFor(home, "credentials-unanswered", { address }));
    assert.equal(code, 24, JSON.stringify(summary));
    assert.match(String(summary["problem"]), /somebody else/);
    assert.doesNotMatch(String(summary["fix"]), /delete/);
  });

  it("fails as vault-unreachable, without advice to delete anything, if Vault cannot tell whether it was initialised", async () => {
    const home = await rig().freshVault();
    const address = await rig().proxy(
      async ({ path }, forward) => (path === "/v1/sys/init" ? "drop" : await forward()),
      home.vaultUrl,
    );
    const { code, summary } = await rig().runHere(configFor(home, "credentials-unanswered", { address }));
    assert.equal(code, 20, JSON.stringify(summary));
    assert.equal(summary["phase"], "initialise");
    assert.doesNotMatch(String(summary["fix"]), /delete/);
    assert.equal(await healthOf(home), uninitialised);
  });

  it("recognises its own Secret if the answer to its write was lost", async () => {
    const home = await rig().freshVault();
    let dropped = 0;
    const kubernetesAddress = await rig().kubernetesProxy(async ({ method, path }, forward) => {
      const answer = await forward();
      if (method !== "POST" || !path.endsWith("/secrets")) return answer;
      dropped++;
      return dropped === 1 ? "drop" : answer;
    });
    const result = await rig().runHere(configFor(home, "credentials-twice"), {
      kubernetesAddress,
      untilUnsealed: true,
    });
    assert.equal(result.code, 0, result.text);
    assert.equal(dropped, 2);
    assert.ok(!result.lines.some(({ what }) => what === "keep the credentials"));
    assert.equal(await healthOf(home), active);
  });

  describe("unseal", () => {
    const restarted = async () => {
      await rig().restartVault(fresh);
      assert.equal(await healthOf(fresh), sealed);
    };

    it("fails as vault-sealed at once if a person unseals, and after a wait if a key service should have", async () => {
      await restarted();
      const manual = await rig().runHere(configFor(fresh, "credentials-kept", { unseal: "manual" }));
      assert.equal(manual.code, 21, manual.text);
      assert.match(String(manual.summary["fix"]), /^ameide-secrets unseal --stack local;/);
      const kms = await rig().runHere(configFor(fresh, "credentials-kept", { unseal: "kms" }));
      assert.equal(kms.code, 21, kms.text);
      assert.ok(kms.lines.some(({ event, state }) => event === "waiting-for-vault" && state === "sealed"));
    });

    it("fails as vault-orphaned, without advice to delete anything, if the Secret of a Vault in use is missing", async () => {
      const gone = "credentials-gone";
      const success = { runId: "r", startedAt: "", finishedAt: "", lastSuccessAt: "then", cause: "ok", secrets: [] };
      const cases = [
        { status: JSON.stringify(success), config: configFor(fresh, gone) },
        { status: undefined, config: configFor(fresh, gone, { initialise: false }) },
      ];
      for (const { status, config } of cases) {
        await rig().cluster.setStatus(status);
        const { code, summary } = await rig().runHere(config);
        assert.equal(code, 24, JSON.stringify(summary));
        assert.match(
          String(summary["problem"]),
          /sealed, and the Secret ameide-local\/credentials-gone with its unseal-key does not exist/,
        );
        assert.match(String(summary["fix"]), /^put the Secret back from your backup/);
        assert.doesNotMatch(String(summary["fix"]), /delete|empty/);
      }
    });

    it("fails as vault-sealed if the Secret has the key of another Vault", async () => {
      const { code, summary } = await rig().runHere(configFor(fresh, "credentials-lost"));
      assert.equal(code, 21, JSON.stringify(summary));
      assert.match(String(summary["problem"]), /credentials-lost does not unseal it/);
    });

    it("fails as vault-sealed if Vault needs more key shares than the Secret has, and says how many", async () => {
      const home = await rig().freshVault();
      const vault = { address: home.vaultUrl };
      const shares = { secret_shares: 3, secret_threshold: 2 };
      const { keys_base64 } = await vaultCall<{ keys_base64: string[] }>(
        vault,
        undefined,
        "PUT",
        "/v1/sys/init",
        shares,
      );
      const data = { "unseal-key": Buffer.from(keys_base64[0] ?? "").toString("base64") };
      await rig().cluster.call("POST", secretPath(""), { metadata: { name: "credentials-share" }, data });
      const { code, summary } = await rig().runHere(configFor(home, "credentials-share"));
      assert.equal(code, 21, JSON.stringify(summary));
      assert.match(
        String(summary["problem"]),
        /needs 2 key shares, and Secret ameide-local\/credentials-share has one$/,
      );
    });

    it("unseals a Vault that was restarted", async () => {
      const { code, text } = await rig().run(configFor(fresh, "credentials-kept"), untilUnsealed);
      assert.equal(code, 0, text);
      assert.equal(await healthOf(fresh), active);
    });
  });

  describe("waitForVault", () => {
    it("fails as vault-unreachable after a bounded wait if nothing listens", async () => {
      const vault = rig().vaultConfig({ address: "http://127.0.0.1:1" });
      const { code, summary } = await rig().runHere(rig().config({ vault }));
      assert.equal(code, 20);
      assert.match(String(summary["problem"]), /ECONNREFUSED/);
    });

    it("treats a standby with a leader as ready, and one without a leader as not ready", async () => {
      for (const [leader, expected] of [
        ["http://127.0.0.1:8200", 0],
        ["", 20],
      ] as const) {
        const address = await rig().proxy(async ({ path }, forward) => {
          if (path === "/v1/sys/health") return { status: 429, body: "" };
          return path === "/v1/sys/leader"
            ? { status: 200, body: JSON.stringify({ leader_address: leader }) }
            : await forward();
        });
        const { code, text } = await rig().runHere(rig().config({ vault: rig().vaultConfig({ address }) }));
        assert.equal(code, expected, text);
      }
    });
  });
});
