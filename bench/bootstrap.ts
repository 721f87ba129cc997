import { execFile, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { BootstrapRig } from "../tests/bootstrap/rig.ts";
import { external } from "../tests/bootstrap/external.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

const few = 1_000;
const many = 10_000;
/** Key Vault's own limit (service limits): no client can read faster. */
const callsPerSecond = 400;
const namesPerPage = 25;
/** Of Key Vault's counters in the stand-in: after so long a new run meets an empty window. */
const windowInMs = 10_500;
const megabyte = 1024;

/**
 * vault-bootstrap as its pod runs it, Node's start included: bundle, API server, Vault with the policies and roles that the
 * program makes, and a Key Vault that enforces its limit of 4,000 calls per 10 s. For comparison, on the same servers, the loop
 * that the seed's job runs: one command for each read and each write, here curl, with a token that no policy slows down.
 */
export const bootstrapBench: Bench = {
  name: "bootstrap",
  async run(): Promise<readonly Measurement[]> {
    const rig = await BootstrapRig.start();
    try {
      await rig.openVault(rig.config());
      return [...(await runsOfFew(rig)), ...(await runsOfMany(rig))];
    } finally {
      await rig.stop();
    }
  },
};

async function runsOfFew(rig: BootstrapRig): Promise<Measurement[]> {
  const config = await configOf(rig, "few", few, everyOne);
  await fill(rig, 0, few);
  await mount(rig, "bench-loop");
  const loopFirst = await timed(() => shellLoop(rig));
  const loopAgain = await timed(() => shellLoop(rig));
  await sleep(windowInMs);
  const first = await measured(rig, config);
  await sleep(windowInMs);
  const again = await measured(rig, config);
  await rig.source.setSecrets({ [nameOf(7)]: "another value" });
  const one = await measured(rig, config);
  return [
    { what: "first run of 1,000", unit: "ms", value: first.milliseconds },
    { what: "the same by a shell loop", unit: "ms", value: loopFirst, floor: floor(first.milliseconds) },
    { what: "nothing changed of 1,000", unit: "ms", value: again.milliseconds },
    { what: "the same by a shell loop", unit: "ms", value: loopAgain, floor: floor(again.milliseconds) },
    { what: "Key Vault calls, nothing changed", unit: "calls", value: again.calls },
    { what: "one changed of 1,000", unit: "ms", value: one.milliseconds },
    { what: "Key Vault calls, one changed", unit: "calls", value: one.calls },
    { what: "memory, first run of 1,000", unit: "MiB", value: first.peakInMib },
    { what: "memory, nothing changed", unit: "MiB", value: again.peakInMib },
  ];
}

/** Where all are required, nothing is written before the last is read; else Vault works while the limit is waited for. */
async function runsOfMany(rig: BootstrapRig): Promise<Measurement[]> {
  await fill(rig, few, many);
  const limit = ((many + many / namesPerPage) / callsPerSecond) * 1000;
  const measurements: Measurement[] = [];
  for (const [share, isRequired] of [
    ["all required", everyOne],
    ["a tenth required", everyTenth],
  ] as const) {
    const config = await configOf(rig, share.replaceAll(" ", "-"), many, isRequired);
    await sleep(windowInMs);
    const { milliseconds, peakInMib } = await measured(rig, config);
    const floorOfLimit = { what: "Key Vault's limit", value: limit };
    measurements.push(
      { what: `first run of 10,000, ${share}`, unit: "ms", value: milliseconds, floor: floorOfLimit },
      { what: `memory, the same`, unit: "MiB", value: peakInMib },
    );
  }
  return measurements;
}

const everyOne = (): boolean => true;
const everyTenth = (index: number): boolean => index % 10 === 0;

function floor(value: number): NonNullable<Measurement["floor"]> {
  return { what: "vault-bootstrap", value };
}

function nameOf(index: number): string {
  return `bench-${index}`;
}

/** Each with a KV mount of its own, in which nothing is yet. */
async function configOf(
  rig: BootstrapRig,
  name: string,
  count: number,
  isRequired: (index: number) => boolean,
): Promise<BootstrapConfig> {
  const secrets = Array.from({ length: count }, (_none, index) =>
    external(nameOf(index), { required: isRequired(index) }),
  );
  await mount(rig, `bench-${name}`);
  const config = rig.config({ secrets, deadlineInSeconds: 600, vault: rig.vaultConfig({ mount: `bench-${name}` }) });
  await rig.vault.allow(config);
  return config;
}

async function mount(rig: BootstrapRig, path: string): Promise<void> {
  await rig.vault.call("POST", `sys/mounts/${path}`, { type: "kv", options: { version: "2" } });
  // a new KV v2 mount upgrades itself for a moment
  await sleep(1_000);
}

async function fill(rig: BootstrapRig, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 50) {
    const names = Array.from({ length: 50 }, (_none, index) => nameOf(start + index));
    await rig.source.setSecrets(Object.fromEntries(names.map((name) => [name, `value-of-${name}`])));
  }
}

interface Measured {
  readonly milliseconds: number;
  readonly calls: number;
  readonly peakInMib: number;
}

async function measured(rig: BootstrapRig, config: BootstrapConfig): Promise<Measured> {
  rig.azure.control.resetCounters();
  const begin = performance.now();
  const { child, result } = rig.launch(config);
  const peak = watchMemory(child);
  const { code, text } = await result;
  const milliseconds = performance.now() - begin;
  if (code !== 0) throw new Error(text);
  const { requests } = rig.azure.control.counters();
  const ofKeyVault = Object.entries(requests).filter(([kind]) => kind.startsWith("secret-") || kind === "challenge");
  return { milliseconds, calls: ofKeyVault.reduce((sum, [, count]) => sum + count, 0), peakInMib: peak() };
}

/** The kernel's own high-water mark of the process, read until it is gone. */
function watchMemory({ pid }: ChildProcess): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(mark ?? 0) / megabyte);
    } catch {
      clearInterval(timer);
    }
  }, 25);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** What the seed's job does, with the tokens given: read one, write one, the next. */
async function shellLoop(rig: BootstrapRig): Promise<void> {
  const script = `
    set -e
    for n in $(seq 0 ${few - 1}); do
      value=$(curl -sf --cacert "$CA" -H "Authorization: Bearer $AZURE" "$KEY_VAULT/secrets/bench-$n?api-version=7.6" |
        sed 's/.*"value":"\\([^"]*\\)".*/\\1/')
      curl -sf -o /dev/null -H "X-Vault-Token: $VAULT_TOKEN" -d "{\\"data\\":{\\"value\\":\\"$value\\"}}" "$VAULT_ADDR/v1/bench-loop/data/bench-$n"
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
  await new Promise<void>((resolve, reject) => {
    execFile("sh", ["-c", script], { env }, (error) => (error === null ? resolve() : reject(error)));
  });
  rmSync(ca);
}
