import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { V1Job } from "@kubernetes/client-node";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { resultOf } from "../../diagnose/observe/jobs.ts";
import type { Live } from "../../diagnose/observe/kubernetes-list.ts";
import { bootstrapName } from "../../domain/names.ts";
import { ensureHome, localContext, type LocalHome } from "../../local/home.ts";
import { waitUntil } from "../../local/wait-until.ts";
import { runCommand, type Ended } from "./command-line.ts";
import { forget, temporaryHome } from "./servers.ts";

/** A local environment of a suite's own, driven by the command line as a person would. */
export interface LocalChain {
  readonly home: LocalHome;
  /** `--home` and `--port-base` of it. */
  readonly place: readonly string[];
  readonly cluster: Cluster;
  /** Writes a `.env` (0600) into the home's folder and answers its path. */
  envFile(values: Readonly<Record<string, string>>): string;
  /** `local up` with that file. */
  up(values: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<Ended>;
  /** The values of one Kubernetes Secret, decoded. */
  secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>>;
}

/** Time for a start from nothing with everything else on this machine busy, in milliseconds. */
export const startTimeout = 600_000;

/**
 * Starts a chain with these values before the suite, and forgets it afterwards.
 *
 * @param prepare - gets the home before its first start. @default - it is new
 * @param env - added to that of each run of `local up`.
 */
export function useLocalChain(
  values: Readonly<Record<string, string>>,
  prepare: (home: LocalHome) => Promise<void> = () => Promise.resolve(),
  env: Readonly<Record<string, string>> = {},
): () => LocalChain {
  let chain: LocalChain | undefined;
  let home: LocalHome | undefined;

  before(async function () {
    this.timeout(startTimeout);
    home = await temporaryHome();
    ensureHome(home);
    await prepare(home);
    const started = await runCommand(["local", "up", "--dotenv", writeEnvFile(home, values), ...placeOf(home)], env);
    assert.equal(started.code, 0, started.err);
    chain = await chainOf(home, env);
  });

  after(async function () {
    this.timeout(60_000);
    if (home !== undefined) await forget(home);
  });

  return () => {
    if (chain === undefined) throw new Error("the chain exists from `before` on");
    return chain;
  };
}

export function placeOf(home: LocalHome): readonly string[] {
  return ["--home", home.dir, "--port-base", String(home.portBase)];
}

/** Quoted in dotenv's single quotes, which keep every character but themselves. */
export function writeEnvFile(home: LocalHome, values: Readonly<Record<string, string>>): string {
  const file = join(home.dir, "test.env");
  const text = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, text.join(""), { mode: 0o600 });
  return file;
}

/**
 * Keeps vault-bootstrap from its own schedule, and waits for the run that it may have begun: a scheduled run unseals Vault,
 * puts values right and holds the Lease at a time of its own. 30 February never comes; every `up` sets the schedule back.
 */
export async function silenceSchedule(cluster: Cluster): Promise<void> {
  const batch = "/apis/batch/v1/namespaces/ameide-local";
  await cluster.patch(`${batch}/cronjobs/${bootstrapName}`, { spec: { schedule: "0 0 30 2 *" } });
  await waitUntil(
    async () => {
      const { items } = await cluster.get<{ items: readonly Live<V1Job>[] }>(`${batch}/jobs`);
      return items.every(
        ({ metadata, status }) => !metadata.name.startsWith(bootstrapName) || resultOf(status) !== "running",
      );
    },
    { inSeconds: 90, forWhat: "the run of vault-bootstrap that its schedule began" },
  );
}

/** Of a home that is up. @param env - added to that of each run of `local up`. */
export async function chainOf(home: LocalHome, env: Readonly<Record<string, string>> = {}): Promise<LocalChain> {
  const place = placeOf(home);
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: localContext });
  return {
    home,
    place,
    cluster,
    envFile: (values) => writeEnvFile(home, values),
    up: (values, ...flags) =>
      runCommand(["local", "up", "--no-overview", "--dotenv", writeEnvFile(home, values), ...place, ...flags], env),
    secret: async (namespace, name) => {
      const { data = {} } = await cluster.get<{ data?: Record<string, string> }>(
        `/api/v1/namespaces/${namespace}/secrets/${name}`,
      );
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
      );
    },
  };
}
