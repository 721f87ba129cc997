import { execFile, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { HttpClient } from "../clients/http.ts";
import { mapBounded, Pacer } from "../clients/pacing.ts";
import { VaultClient } from "../clients/vault.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { Redacted } from "../domain/redacted.ts";
import { external } from "../tests/bootstrap/external.ts";
import { BootstrapRig } from "../tests/bootstrap/rig.ts";
import { sizes, timed, type Figure } from "./bench.ts";

/** After this time a new run meets an empty rate window of Key Vault. */
const windowInMs = 10_500;
/** Beyond this size the shell loop takes minutes; its time is proportional to the size. */
const mostInShell = 1_000;

/** vault-bootstrap as in its pod: bundle, API server, Vault with real policies, Key Vault with its rate limit. */
export async function* bootstrap(): AsyncGenerator<Figure> {
  const rig = await BootstrapRig.start();
  try {
    await rig.openVault(rig.config());
    for (const size of sizes) yield* runs(rig, size);
  } finally {
    await rig.stop();
  }
}

async function* runs(rig: BootstrapRig, size: number): AsyncGenerator<Figure> {
  await fill(rig, size);
  const config = await configOf(rig, size);
  const names = config.secrets.map(({ name }) => name);
  const [rootToken, mount] = [new Redacted(await rig.vault.rootToken()), config.vault.mount];
  const bare = new Bare(rig, rootToken);
  // a few hundred calls stay below the limit
  const pause = async (): Promise<void> => void (size < 1_000 || (await sleep(windowInMs)));
  await pause();
  const first = await launched(rig, config);
  await pause();
  const again = await launched(rig, config);
  await rig.source.setSecrets({ [names[7] ?? ""]: `another value of ${size}` });
  const one = await launched(rig, config);
  await makeMount(rig, `${mount}-floor`);
  await pause();
  const copying = await timed(() => bare.copy(names, `${mount}-floor`));
  await pause();
  const looking = await timed(() => bare.look(names, mount));
  bare.close();
  const unit = "ms";
  yield { what: "first run", size, unit, ...first, floor: { what: "bare copy", value: copying } };
  yield { what: "nothing changed", size, unit, ...again, floor: { what: "bare look", value: looking } };
  yield { what: "one changed", size, unit, ...one, floor: { what: "bare look", value: looking } };
  if (size > mostInShell) return;
  await makeMount(rig, `${mount}-loop`);
  const loop = await timed(() => shellLoop(rig, size, `${mount}-loop`));
  yield {
    what: "shell loop",
    size,
    unit,
    value: loop,
    floor: { what: "vault-bootstrap, first run", value: first.value },
  };
}

/** The same calls without any logic. */
class Bare {
  readonly #source: HttpClient;
  readonly #vault: VaultClient;
  readonly #token: string;
  readonly #pacer = new Pacer(3_800, 10_000);

  constructor({ azure, home }: BootstrapRig, token: Redacted) {
    this.#source = new HttpClient(azure.origin, { ca: azure.caPem, connections: 16 });
    this.#vault = new VaultClient({ address: home.vaultUrl, token, connections: 64 });
    this.#token = azure.operatorToken;
  }

  async copy(names: readonly string[], mount: string): Promise<void> {
    await mapBounded(names, 64, async (name) => {
      const { value } = (await this.#read(`/secrets/${name}?api-version=7.6`)) as { value: string };
      await this.#vault.call("POST", `${mount}/data/${name}`, { body: { data: { value } } });
    });
  }

  async look(names: readonly string[], mount: string): Promise<void> {
    const list = async (): Promise<void> => {
      let page = "/secrets?api-version=7.6";
      while (page !== "") {
        const { nextLink } = (await this.#read(page)) as { nextLink?: string | null };
        const next = nextLink ? new URL(nextLink) : undefined;
        page = next === undefined ? "" : `${next.pathname}${next.search}`;
      }
    };
    await Promise.all([list(), mapBounded(names, 64, (name) => this.#vault.get(`${mount}/metadata/${name}`))]);
  }

  async #read(path: string): Promise<unknown> {
    await this.#pacer.turn();
    const headers = { authorization: `Bearer ${this.#token}` };
    return JSON.parse((await this.#source.request("GET", path, { headers })).body);
  }

  close(): void {
    this.#source.close();
    this.#vault.close();
  }
}

/** Each with its own empty KV mount. */
async function configOf(rig: BootstrapRig, size: number): Promise<BootstrapConfig> {
  const secrets = Array.from({ length: size }, (_none, n) => external(`bench-${n}`, { required: true }));
  const mount = `bench-${size}`;
  await makeMount(rig, mount);
  const config = rig.config({ secrets, deadlineInSeconds: 600, vault: rig.vaultConfig({ mount }) });
  await rig.vault.allow(config);
  return config;
}

async function makeMount(rig: BootstrapRig, path: string): Promise<void> {
  await rig.vault.call("POST", `sys/mounts/${path}`, { type: "kv", options: { version: "2" } });
  await sleep(1_000); // a new KV v2 mount upgrades itself for a moment
}

async function fill(rig: BootstrapRig, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_none, n) => `bench-${n}`);
  for (let from = 0; from < count; from += 50)
    await rig.source.setSecrets(Object.fromEntries(names.slice(from, from + 50).map((name) => [name, `of-${name}`])));
}

async function launched(rig: BootstrapRig, config: BootstrapConfig) {
  const begin = performance.now();
  const { child, result } = rig.launch(config);
  const peak = watchMemory(child);
  const { code, text } = await result;
  const value = performance.now() - begin;
  if (code !== 0) throw new Error(text);
  return { value, memoryInMib: peak() };
}

/** The kernel's own peak value, read until the process ends. */
function watchMemory({ pid }: ChildProcess): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(mark ?? 0) / 1024);
    } catch {
      clearInterval(timer);
    }
  }, 25);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** Read one, write one, the next; with given tokens, and policies that do not slow it down. */
async function shellLoop(rig: BootstrapRig, size: number, mount: string): Promise<void> {
  const script = `
    set -e
    for n in $(seq 0 ${size - 1}); do
      value=$(curl -sf --cacert "$CA" -H "Authorization: Bearer $AZURE" "$KEY_VAULT/secrets/bench-$n?api-version=7.6" |
        sed 's/.*"value":"\\([^"]*\\)".*/\\1/')
      curl -sf -o /dev/null -H "X-Vault-Token: $VAULT_TOKEN" -d "{\\"data\\":{\\"value\\":\\"$value\\"}}" "$VAULT_ADDR/v1/${mount}/data/bench-$n"
    done`;
  const ca = rig.file("bench-ca.pem", rig.azure.caPem);
  const env = {
    PATH: process.env["PATH"] ?? "",
    CA: ca,
    AZURE: rig.azure.operatorToken,
    KEY_VAULT: rig.azure.origin,
    VAULT_ADDR: rig.home.vaultUrl,
    VAULT_TOKEN: await rig.vault.rootToken(),
  };
  await promisify(execFile)("sh", ["-c", script], { env });
  rmSync(ca);
}
