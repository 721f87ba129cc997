import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { vaultCall } from "../../cli/access/vault.ts";
import { bootstrapName } from "../../domain/names.ts";
import { readRecords } from "../../local/servers/records.ts";
import { startServers } from "../../local/servers/start.ts";
import { waitUntil } from "../../local/wait-until.ts";
import { killRounds } from "../proof/kill-rounds.ts";
import { runCommand, startCommand } from "../support/command-line.ts";
import { silenceSchedule, startTimeout, useLocalChain } from "../support/local-chain.ts";
import { storedRootToken } from "../support/open-vault.ts";
import { pidsOf, processes } from "../support/processes.ts";
import { testBinaries } from "../support/servers.ts";

const values = {
  GHCR_TOKEN: "recovery-ghcr-token-1",
  GHCR_USERNAME: "recovery-user",
  LANGFUSE_SECRET_KEY: "recovery-langfuse-1",
  ANTHROPIC_API_KEY: "recovery-anthropic-1",
  OPENAI_API_KEY: "recovery-openai-1",
};

describe("local up after a stop, a kill and a full disk", function () {
  this.timeout(startTimeout);
  // as a start leaves it that was killed after Vault's initialisation and before its keys were stored
  const chain = useLocalChain(values, async (home) => {
    await startServers(home, await testBinaries(), { only: ["openbao"] });
    await vaultCall({ address: home.vaultUrl }, undefined, "PUT", "/v1/sys/init", { secret_shares: 1, secret_threshold: 1 }); // prettier-ignore
  });

  const unsealings = (): number =>
    readFileSync(join(chain().home.logsDir, "openbao.log"), "utf8").split("vault is unsealed").length - 1;

  it("comes back after a stop, when Vault is sealed, with every value unchanged", async () => {
    const stopped = await runCommand(["local", "down", "--home", chain().home.dir]);
    assert.equal(stopped.code, 0, stopped.err);
    assert.deepEqual(pidsOf(chain().home.dir), []);
    const before = unsealings();
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    // by whom, the log does not say: where a schedule of the CronJob fell into the stop, its own run may be the first
    assert.equal(unsealings(), before + 1);
    assert.deepEqual(await chain().secret("ameide-local", "langfuse-secrets"), {
      LANGFUSE_SECRET_KEY: "recovery-langfuse-1",
    });
  });

  it("restarts a server that was killed", async () => {
    const { servers } = JSON.parse((await runCommand(["local", "status", "--json", ...chain().place])).out) as {
      servers: { name: string; pid: number }[];
    };
    const victim = servers.find(({ name }) => name === "kube-apiserver");
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /started .*kube-apiserver/);
  });

  it("stops at once if a server that it needs dies, names it and its log, and completes in the next run", async () => {
    const changed = { ...values, ANTHROPIC_API_KEY: "recovery-anthropic-2" };
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
    // the Job's own end is 20 minutes away
    assert.ok(performance.now() - killedAt < 300_000, "it waited for what could not happen");
    const next = await chain().up(changed);
    assert.equal(next.code, 0, next.err);
    assert.deepEqual(
      (await chain().secret("ameide-local", "inference-api-credentials"))["ANTHROPIC_API_KEY"],
      changed.ANTHROPIC_API_KEY,
    );
  });

  it("restores the state and its copy after a full disk truncated both, and continues from the last update", async () => {
    const stateFile = join(chain().home.pulumi.stateDir, ".pulumi/stacks/ameide-secrets/local.json");
    for (const file of [stateFile, `${stateFile}.bak`]) truncateSync(file, 1000);
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /state of Pulumi: was interrupted during a write.*restored from .*checkpoint\.json/);
    assert.equal(
      (await chain().secret("ameide-local", "langfuse-secrets"))["LANGFUSE_SECRET_KEY"],
      "recovery-langfuse-1",
    );
  });

  it("creates the CronJob again that somebody deleted while Vault is sealed", async () => {
    const { cluster, home } = chain();
    const root = await storedRootToken(cluster, "ameide-local");
    await silenceSchedule(cluster); // a run that has begun would unseal Vault
    await cluster.remove(`/apis/batch/v1/namespaces/ameide-local/cronjobs/${bootstrapName}`);
    await vaultCall({ address: home.vaultUrl }, root, "PUT", "/v1/sys/seal");
    const run = await chain().up(values);
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /Vault: was sealed, is active/);
  });

  it("leaves nothing running, and nothing that disturbs the next start, when a run is interrupted or killed", async () => {
    const changed = { ...values, OPENAI_API_KEY: "recovery-openai-2" };
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const { stateDir } = chain().home.pulumi;
      const before = engineLocks(stateDir); // such as one that the first kill left
      const run = startCommand([
        "local",
        "up",
        "--no-overview",
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
      "recovery-openai-2",
    );
    // the engine does not wait for the end of each of its plugins
    const isOver = () => Promise.resolve(strays(chain().home.dir).length === 0);
    await waitUntil(isOver, { inSeconds: 10, forWhat: "their end" }).catch(() => undefined);
    assert.deepEqual(strays(chain().home.dir), []);
  });

  it("loses or mixes no value when one of its processes is killed in the middle, and completes when run again", async function () {
    this.timeout(3 * startTimeout);
    // the engine, then vault-bootstrap; `npm run proof` kills everything at other moments
    const rounds = await killRounds(chain(), values, { rounds: 2, seed: 8 });
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

/** Engines, providers and packs that no run of ours owns any more. */
function strays(dir: string): string[] {
  return processes()
    .filter((one) => /pulumi|providers\/main|run-policy-pack/.test(one.command) && one.environment.includes(dir))
    .map(({ command }) => command);
}
