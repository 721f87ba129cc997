import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { vaultCall } from "../../cli/access/vault.ts";
import { storedRootToken } from "../support/open-vault.ts";
import { bootstrapName } from "../../domain/names.ts";
import { runCommand, startCommand } from "../support/command-line.ts";
import { readRecords } from "../../local/servers/records.ts";
import { startServers } from "../../local/servers/start.ts";
import { testBinaries } from "../support/servers.ts";
import { killRounds } from "../proof/kill-rounds.ts";
import { canariesInFiles, canarySearch } from "../support/canary.ts";
import { startTimeout, useLocalChain } from "../support/local-chain.ts";

/** Every value is one that a careless template, shell or log would show or break. */
const values = {
  GHCR_TOKEN: `canary-ghp_"quoted"\\back$slash`,
  GHCR_USERNAME: "canary-user:with:colons",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: '{\n  "canary": "anthropic-→-ümlaut-<&>"\n}',
  OPENAI_API_KEY: "canary-openai#not-a-comment",
};

describe("local up", function () {
  this.timeout(startTimeout);
  // as a start leaves it that was killed after Vault's initialisation and before its keys were stored
  const chain = useLocalChain(values, async (home) => {
    await startServers(home, await testBinaries(), { only: ["openbao"] });
    await vaultCall({ address: home.vaultUrl }, undefined, "PUT", "/v1/sys/init", { secret_shares: 1, secret_threshold: 1 }); // prettier-ignore
  });

  it("carries the values of the file into a valid dockerconfigjson, in both namespaces", async () => {
    for (const namespace of ["ameide-local", "argocd"]) {
      const { ".dockerconfigjson": json = "" } = await chain().secret(namespace, "ghcr-pull");
      const auth = Buffer.from(`${values.GHCR_USERNAME}:${values.GHCR_TOKEN}`).toString("base64");
      assert.deepEqual(JSON.parse(json), {
        auths: { "ghcr.io": { username: values.GHCR_USERNAME, password: values.GHCR_TOKEN, auth } },
      });
    }
  });

  it("carries keys one by one into Opaque Secrets", async () => {
    assert.deepEqual(await chain().secret("ameide-local", "inference-api-credentials"), {
      ANTHROPIC_API_KEY: values.ANTHROPIC_API_KEY,
      OPENAI_API_KEY: values.OPENAI_API_KEY,
    });
  });

  const search = canarySearch(Object.fromEntries(Object.entries(values).filter(([name]) => name !== "GHCR_USERNAME")));
  const looking = [
    "doctor --stack local --prove --bundle <dir>/ticket.json",
    "doctor --stack local --json --prove",
    "lineage --stack local --json ghcr-token",
    "lineage --stack local anthropic-api-key",
    "validate --stack local --prove",
    "graph --stack local --out <dir>/graph.html",
    "rotation --stack local",
    "guard --stack local",
    "who-uses --stack local langfuse-secret-key",
    "local status --json",
  ];

  for (const words of looking) {
    it(`prints no value in any encoding: ${words}`, async () => {
      const { out, err, code } = await runCommand([
        ...words.replace("<dir>", chain().home.dir).split(" "),
        ...chain().place,
      ]);
      assert.notEqual(code, 2, err);
      assert.deepEqual(search(`${out}${err}`), []);
    });
  }

  it("leaves no value, in no encoding and as no plain hash, in any file but the stores', nor in arguments and environments", async () => {
    const { home, cluster } = chain();
    const { azure, etcd, vault, dir } = home;
    const stores = [azure.stateFile, etcd.dataDir, vault.dataDir, join(dir, "test.env")];
    assert.deepEqual(canariesInFiles(dir, search, stores), []);
    const texts = new Map<string, string>();
    for (const path of [
      "api/v1/configmaps",
      "api/v1/events",
      "api/v1/pods",
      "apis/batch/v1/jobs",
      "apis/external-secrets.io/v1/externalsecrets",
    ])
      // prettier-ignore
      texts.set(path, JSON.stringify(await cluster.get(`/${path}`)));
    for (const pid of pidsOf(dir))
      for (const file of ["cmdline", "environ"])
        texts.set(`${file} of ${pid}`, readFileSync(`/proc/${pid}/${file}`, "utf8"));
    for (const [where, text] of texts) assert.deepEqual(search(text), [], where);
  });

  it("listens on loopback only", () => {
    const listening = pidsOf(chain().home.dir).flatMap(listeningAddresses);
    assert.notEqual(listening.length, 0);
    assert.deepEqual(
      listening.filter((address) => !loopback.has(address)),
      [],
    );
  });

  it("keeps everything under one folder that others cannot read", () => {
    const { dir } = chain().home;
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    const open = readdirSync(dir, { recursive: true, encoding: "utf8" })
      .map((file) => join(dir, file))
      .filter((path) => statSync(path).isFile() && /key|token|kubeconfig|passphrase|state\.json/.test(path))
      .filter((path) => (statSync(path).mode & 0o077) !== 0);
    assert.deepEqual(open, []);
  });

  it("changes nothing when nothing changed, and says so", async () => {
    const again = await chain().up(values);
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, /^nothing changed$/m);
  });

  it("carries a changed value to the Secret, and says what changed", async () => {
    const rotated = { ...values, LANGFUSE_SECRET_KEY: "canary-langfuse-2" };
    const run = await chain().up(rotated);
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /key-vault: update .*langfuse-secret-key/);
    assert.deepEqual(await chain().secret("ameide-local", "langfuse-secrets"), {
      LANGFUSE_SECRET_KEY: "canary-langfuse-2",
    });
  });

  it("keeps a value that the file no longer has", async () => {
    const { GHCR_TOKEN, GHCR_USERNAME } = values;
    const run = await chain().up({ GHCR_TOKEN, GHCR_USERNAME });
    assert.match(`${run.out}${run.err}`, /anthropic-api-key/);
    assert.deepEqual(await chain().secret("ameide-local", "inference-api-credentials"), {
      ANTHROPIC_API_KEY: values.ANTHROPIC_API_KEY,
      OPENAI_API_KEY: values.OPENAI_API_KEY,
    });
  });

  it("fails on a cluster-managed name in the file, before anything is changed", async () => {
    const refused = await chain().up({ ...values, PLATFORM_DB_CREDENTIALS: "canary-db" });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /PLATFORM_DB_CREDENTIALS.*\n {2}fix: /);
    assert.doesNotMatch(refused.err, /canary-db|preview with the policy pack/);
  });

  it("fails on an empty value and on two variables that meet in one name, both told at once", async () => {
    const refused = await chain().up({ ...values, OPENAI_API_KEY: "", "openai.api.key": "canary-dot" });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /OPENAI_API_KEY.*empty|empty.*OPENAI_API_KEY/);
    assert.match(refused.err, /openai\.api\.key/);
  });

  const unsealings = (): number =>
    readFileSync(join(chain().home.logsDir, "openbao.log"), "utf8").split("vault is unsealed").length - 1;

  it("comes back after a stop, when Vault is sealed, with every value as it was", async () => {
    const stopped = await runCommand(["local", "down", "--home", chain().home.dir]);
    assert.equal(stopped.code, 0, stopped.err);
    assert.deepEqual(pidsOf(chain().home.dir), []);
    const before = unsealings();
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    // by whom, the log does not say: where a schedule of the CronJob fell into the stop, its own run may be the first
    assert.equal(unsealings(), before + 1);
    assert.deepEqual(await chain().secret("ameide-local", "langfuse-secrets"), {
      LANGFUSE_SECRET_KEY: "canary-langfuse-1",
    });
  });

  it("mends a server that was killed", async () => {
    const { servers } = JSON.parse((await runCommand(["local", "status", "--json", ...chain().place])).out) as {
      servers: { name: string; pid: number }[];
    };
    const victim = servers.find(({ name }) => name === "kube-apiserver");
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /started .*kube-apiserver/);
  });

  it("stops at once when a server dies that it needs, names it and its log, and completes in the next run", async () => {
    const changed = { ...values, ANTHROPIC_API_KEY: "canary-anthropic-2" };
    const { stateDir } = chain().home.pulumi;
    const before = engineLocks(stateDir);
    const run = startCommand(["local", "up", "--dotenv", chain().envFile(changed), ...chain().place]);
    await newEngineLock(stateDir, before, run.ended);
    // without it no Job of the update ever ends
    const victim = readRecords(chain().home).find(({ name }) => name === "kube-controller-manager");
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const killedAt = performance.now();
    const { code, err } = await run.ended;
    assert.equal(code, 2, err);
    assert.match(err, /kube-controller-manager ended while it was needed\n.*logs\/kube-controller-manager\.log/s);
    assert.ok(performance.now() - killedAt < 60_000, "it waited for what could not happen");
    const next = await chain().up(changed);
    assert.equal(next.code, 0, next.err);
    assert.deepEqual(
      (await chain().secret("ameide-local", "inference-api-credentials"))["ANTHROPIC_API_KEY"],
      changed.ANTHROPIC_API_KEY,
    );
  });

  it("restores the state that a full disk cut off, and its copy, and continues from the last update", async () => {
    const stateFile = join(chain().home.pulumi.stateDir, ".pulumi/stacks/ameide-secrets/local.json");
    for (const file of [stateFile, `${stateFile}.bak`]) truncateSync(file, 1000);
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /state of Pulumi: was cut off.*restored from .*checkpoint\.json/);
    assert.equal(
      (await chain().secret("ameide-local", "langfuse-secrets"))["LANGFUSE_SECRET_KEY"],
      "canary-langfuse-1",
    );
  });

  it("makes the CronJob anew that somebody deleted while Vault is sealed, which needs it", async () => {
    const { cluster, home } = chain();
    const root = await storedRootToken(cluster, "ameide-local");
    await cluster.remove(`/apis/batch/v1/namespaces/ameide-local/cronjobs/${bootstrapName}`);
    await vaultCall({ address: home.vaultUrl }, root, "PUT", "/v1/sys/seal");
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /Vault: was sealed, is active/);
  });

  it("leaves nothing running, and nothing that the next start trips over, when a run is interrupted or killed", async () => {
    const changed = { ...values, OPENAI_API_KEY: "canary-openai-2" };
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const { stateDir } = chain().home.pulumi;
      const before = engineLocks(stateDir); // such as one that the first kill left
      const run = startCommand([
        "local",
        "up",
        "--no-first-look",
        "--dotenv",
        chain().envFile(changed),
        ...chain().place,
      ]);
      // in the middle of the update, which alone takes the lock of Pulumi's state
      await newEngineLock(stateDir, before, run.ended);
      run.kill(signal);
      assert.notEqual((await run.ended).code, 0);
    }
    const next = await chain().up(changed);
    assert.equal(next.code, 0, next.err);
    assert.equal(
      (await chain().secret("ameide-local", "inference-api-credentials"))["OPENAI_API_KEY"],
      "canary-openai-2",
    );
    assert.deepEqual(strays(chain().home.dir), []);
  });

  it("loses and mixes no value when one of its processes is killed at a random moment, and completes when run again", async function () {
    this.timeout(3 * startTimeout);
    const seed = Date.now() % 1_000_000;
    const rounds = await killRounds(chain(), values, { rounds: 2, seed }).catch((error: unknown) => {
      throw new Error(`npm run proof -- --seed ${seed} repeats it`, { cause: error });
    });
    assert.equal(rounds.length, 2);
  });
});

/** Locks of the file backend, each with a name of its own. */
function engineLocks(stateDir: string): readonly string[] {
  const files = readdirSync(join(stateDir, ".pulumi"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => /^locks\/.*\.json$/.test(file));
}

/** Waits until an engine holds a lock of the file backend that was not there before. */
async function newEngineLock(stateDir: string, before: readonly string[], ended: Promise<unknown>): Promise<void> {
  const over = ended.then(() => true);
  for (;;) {
    if (engineLocks(stateDir).some((lock) => !before.includes(lock))) return;
    if (await Promise.race([over, sleep(50, false)])) throw new Error("the run ended before it took the lock");
  }
}

/** Processes whose command line names the home. */
function pidsOf(dir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(dir))
    .map(({ pid }) => pid);
}

/** Engines, providers and packs that no run of ours owns any more. */
function strays(dir: string): string[] {
  return processes()
    .filter(
      ({ command, environment }) => environment.includes(dir) && /pulumi|providers\/main|run-policy-pack/.test(command),
    )
    .map(({ command }) => command);
}

function processes(): { readonly pid: number; readonly command: string; readonly environment: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${name}/${file}`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), command: read("cmdline"), environment: read("environ") }];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** As the kernel writes them in /proc/net/tcp and tcp6: 127.0.0.1, ::1 and ::ffff:127.0.0.1. */
const loopback = new Set(["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"]);

/** Addresses that a process listens on, as the kernel writes them. */
function listeningAddresses(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  const listen = "0A";
  return ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === listen && sockets.has(columns[9]))
    .map((columns) => columns[1]?.split(":")[0] ?? "");
}
