import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runBootstrapJob, type BootstrapRun } from "../../../cli/access/bootstrap-job.ts";
import { connectStack, type ConnectedStack } from "../../../cli/operate/connected-stack.ts";
import { vaultCall } from "../../../cli/access/vault.ts";
import { localArm } from "../../../cli/access/local-stack.ts";
import { storedRootToken } from "../../support/open-vault.ts";
import type { CauseCode } from "../../../diagnose/causes.ts";
import type { DiagnosedCause, Diagnosis } from "../../../diagnose/diagnosis.ts";
import { explain } from "../../../diagnose/explain.ts";
import type { Access } from "../../../diagnose/observe/access.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { serverStates } from "../../../local/servers/records.ts";
import type { ServerName } from "../../../local/servers/server.ts";
import { armRequest } from "../../support/arm.ts";
import type { Ended } from "../../support/command-line.ts";
import { silenceSchedule, type LocalChain } from "../../support/local-chain.ts";
import { testBinaries } from "../../support/servers.ts";

/** How one looks: as `doctor` does, with values compared as by `--prove`, with other rights, or with another stack file. */
export interface Sight {
  readonly prove?: boolean;
  readonly access?: Partial<Access>;
  readonly stack?: EnvironmentStack;
}

/** Longest that the servers take to answer to a change, with everything else on this machine busy. */
const patienceInMilliseconds = 60_000;
const pauseInMilliseconds = 200;

/** The environment that is broken and repaired, and the ways into it. */
export class World {
  readonly chain: LocalChain;
  connected: ConnectedStack;
  /** Values of the `.env` at hand; what a repair calls the real ones. */
  values: Readonly<Record<string, string>>;
  #binDir: string | undefined;

  private constructor(chain: LocalChain, connected: ConnectedStack, values: Readonly<Record<string, string>>) {
    this.chain = chain;
    this.connected = connected;
    this.values = values;
  }

  static async open(chain: LocalChain, values: Readonly<Record<string, string>>): Promise<World> {
    return new World(chain, await connectLocal(chain), values);
  }

  /** Connects again, with fresh tokens. */
  async reopen(): Promise<void> {
    const former = this.connected;
    this.connected = await connectLocal(this.chain);
    await former.close();
  }

  close(): Promise<void> {
    return this.connected.close();
  }

  /** No scheduled run of vault-bootstrap from here on to the next `up`, and none that goes on. */
  silence(): Promise<void> {
    return silenceSchedule(this.connected.cluster);
  }

  /** Path of vault-bootstrap's CronJob. */
  get cronJob(): string {
    const { namespace, bootstrap } = this.connected.stack;
    return `/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`;
  }

  get namespace(): string {
    return this.connected.stack.namespace;
  }

  async look({ prove = false, access = {}, stack = this.connected.stack }: Sight = {}): Promise<Diagnosis> {
    return explain(await observe(stack, { ...this.connected.access, ...access }, { compareValues: prove }), stack);
  }

  /** Looks until this cause is the first. @throws AssertionError with the causes seen instead, after the timeout. */
  async untilFirst(code: CauseCode, sight: Sight = {}): Promise<DiagnosedCause> {
    let seen: readonly DiagnosedCause[] = [];
    await this.until(
      async () => {
        seen = (await this.look(sight)).causes;
        return seen[0]?.code === code;
      },
      () => `${code} does not come first; there is: ${listCauses(seen)}`,
    );
    return seen[0] as DiagnosedCause;
  }

  /** Waits for a condition of the servers. */
  async until(holds: () => Promise<boolean>, otherwise: () => string = () => "it did not come about"): Promise<void> {
    const deadline = performance.now() + patienceInMilliseconds;
    while (!(await holds())) {
      if (performance.now() > deadline) assert.fail(otherwise());
      await sleep(pauseInMilliseconds);
    }
  }

  /** As root. @param body - of a write. */
  async vault<T = unknown>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
    const root = await storedRootToken(this.connected.cluster, this.namespace);
    return vaultCall<T>({ address: this.connected.stack.vault.operatorAddress }, root, method, `/v1/${path}`, body);
  }

  /** Resource Manager or Key Vault of the stand-in, as the person who owns it; the api-version is added. */
  async azure<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    const text = await armRequest(localArm(this.chain.home), method, path, body);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Runs vault-bootstrap to its end, whatever that is. */
  bootstrap(...flags: readonly string[]): Promise<BootstrapRun> {
    const { cluster, stack } = this.connected;
    return runBootstrapJob(cluster, stack, {
      purpose: "test",
      flags,
      timeoutInSeconds: 120,
      signal: new AbortController().signal,
    });
  }

  /** Sends a signal to one server of this environment. */
  signal(server: ServerName, signal: NodeJS.Signals): void {
    const pid = serverStates(this.chain.home).find(({ name }) => name === server)?.pid;
    assert.ok(pid !== undefined, `${server} does not run`);
    process.kill(pid, signal);
  }

  /**
   * Runs a command line as a person who pastes it would: with the names that these programs have everywhere. That this
   * environment lives in a folder of its own is all that is added to ours, and `az` is a stand-in.
   *
   * @param input - what it reads from standard input. @default - nothing
   */
  async shell(command: string, input = ""): Promise<Ended> {
    this.#binDir ??= await this.#programs();
    const { kubeconfig, dir } = this.chain.home;
    const env = {
      ...process.env,
      PATH: `${this.#binDir}:${process.env["PATH"]}`,
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(dir, "test-cache"),
    };
    const child = spawn("sh", ["-c", command], { env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(input);
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, out, err }));
    });
  }

  /** Rewrites the `.env` file that the commands read. */
  setValues(values: Readonly<Record<string, string>>): void {
    this.values = values;
    this.chain.envFile(values);
  }

  async #programs(): Promise<string> {
    const bin = join(this.chain.home.dir, "test-bin");
    mkdirSync(bin, { recursive: true, mode: 0o700 });
    const script = (name: string, lines: readonly string[]): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${lines.join("\n")}\n`);
      chmodSync(join(bin, name), 0o700);
    };
    const ours = fileURLToPath(new URL("../../../cli/bin.mjs", import.meta.url));
    const dotenv = `--dotenv "${this.chain.envFile(this.values)}"`;
    script("ameide-secrets", [
      `case "$1 $2" in`,
      `  "local up") set -- "$@" --no-overview ${dotenv} ;;`,
      `  "env push") set -- "$@" ${dotenv} ;;`,
      `esac`,
      `exec "${process.execPath}" "${ours}" "$@" ${this.chain.place.map((word) => `"${word}"`).join(" ")}`,
    ]);
    const az = fileURLToPath(new URL("./az-stand-in.ts", import.meta.url));
    script("az", [`exec "${process.execPath}" "${az}" "${this.chain.home.dir}" ${this.chain.home.portBase} "$@"`]);
    // Vault does not run in a pod here: what `kubectl exec` would run in its pod runs on this machine, with Vault's address
    script("kubectl", [
      `if [ "$1" = exec ]; then`,
      `  while [ "$1" != -- ]; do shift; done; shift`,
      `  VAULT_ADDR="${this.chain.home.vaultUrl}" exec "$@"`,
      `fi`,
      `exec "${(await testBinaries()).kubectl}" "$@"`,
    ]);
    script("vault", [`exec "${(await testBinaries()).bao}" "$@"`]);
    return bin;
  }
}

function connectLocal({ home }: LocalChain): Promise<ConnectedStack> {
  return connectStack({ stack: "local", home: home.dir, portBase: String(home.portBase), readsValues: true });
}

/** Causes for the message of an assertion. */
export function listCauses(causes: readonly DiagnosedCause[]): string {
  const lines = causes.map(({ code, evidence: [first] }) => `${code} (${first?.where}: ${first?.seen})`);
  return lines.join("; ") || "nothing";
}
