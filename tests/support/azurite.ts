import { execFile, spawn } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { tryLock, type Lock } from "../../local/lock.ts";
import { clearAbandonedBuilds, defaultCacheDir, makeBuildDir, removeBuildDir } from "../../local/toolchain/cache.ts";
import { waitUntil } from "../../local/wait-until.ts";

/** Microsoft's emulator of Azure Blob Storage with one account and one empty container, all in memory. */
export interface BlobService {
  /** Such as `127.0.0.1:40373`. */
  readonly host: string;
  readonly account: string;
  /** Base64, new for each service. */
  readonly key: string;
  /** Names of the container's blobs, sorted. */
  blobs(): Promise<readonly string[]>;
  read(blob: string): Promise<string>;
  close(): Promise<void>;
}

/** What an installation may take from an empty npm cache. With the packages in npm's cache: 24 s on two cores. */
export const installationInSeconds = 240;

/** Installs azurite unless an earlier run did, and starts its blob service on a free port of the loopback. */
export async function startBlobService(container: string): Promise<BlobService> {
  const packages = await installedPackages();
  const account = "teststate";
  const key = randomBytes(32).toString("base64");
  const child = spawn(
    process.execPath,
    [
      // the service ends with the test's process, however that ends: its standard input is closed then
      "--import",
      "data:text/javascript,process.stdin.on('end', () => process.exit()).resume()",
      join(packages, "node_modules/azurite/dist/src/blob/main.js"),
      "--blobHost",
      "127.0.0.1",
      "--blobPort",
      "0",
      "--inMemoryPersistence",
      "--silent",
      "--disableTelemetry",
    ],
    { env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${key}` }, stdio: ["pipe", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
  const listening = /listens on http:\/\/(\S+)/;
  try {
    await waitUntil(() => Promise.resolve(listening.test(output) || child.exitCode !== null), {
      inSeconds: 30,
      forWhat: "azurite's blob service",
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const host = listening.exec(output)?.[1];
  if (host === undefined) throw new Error(`azurite ended before it listened: ${output}`);

  const call = async (method: string, path: string, query: Record<string, string> = {}): Promise<string> => {
    const headers = { "x-ms-date": new Date().toUTCString(), "x-ms-version": "2021-12-02" };
    const signed = [
      method,
      ...Array<string>(11).fill(""), // standard headers: none is sent
      ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
      // twice: the emulator's paths begin with the account
      `/${account}/${account}/${path}`,
      ...Object.entries(query).map(([name, value]) => `${name}:${value}`),
    ].join("\n");
    const signature = createHmac("sha256", Buffer.from(key, "base64")).update(signed).digest("base64");
    const url = `http://${host}/${account}/${path}?${new URLSearchParams(query).toString()}`;
    const response = await fetch(url, {
      method,
      headers: { ...headers, authorization: `SharedKey ${account}:${signature}` },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
    return text;
  };
  await call("PUT", container, { restype: "container" });
  return {
    host,
    account,
    key,
    blobs: async () => {
      const list = await call("GET", container, { comp: "list", restype: "container" });
      return [...list.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name = ""]) => name).toSorted();
    },
    read: (blob) => call("GET", `${container}/${blob}`),
    close: async () => {
      // it keeps nothing, and a polite end would wait for every connection that is kept alive
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    },
  };
}

/** The folder of azurite's `node_modules`, next to the cached toolchain. A second run waits for the first. */
async function installedPackages(): Promise<string> {
  const manifests = ["package.json", "package-lock.json"].map((file) => join(import.meta.dirname, "azurite", file));
  const hash = createHash("sha256");
  for (const file of manifests) hash.update(readFileSync(file));
  const cacheDir = dirname(defaultCacheDir());
  const folder = join(cacheDir, `azurite-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;

  mkdirSync(cacheDir, { recursive: true });
  const lock = await takeLock(join(cacheDir, "azurite.lock"));
  try {
    await clearAbandonedBuilds(cacheDir);
    if (existsSync(folder)) return folder;
    const building = makeBuildDir(cacheDir);
    try {
      for (const file of manifests) copyFileSync(file, join(building, basename(file)));
      await install(building);
      renameSync(building, folder);
    } finally {
      removeBuildDir(building);
    }
  } finally {
    lock.release();
  }
  return folder;
}

async function takeLock(path: string): Promise<Lock> {
  const deadline = performance.now() + installationInSeconds * 1000;
  for (;;) {
    const lock = tryLock(path);
    if (!("heldBy" in lock)) return lock;
    if (performance.now() > deadline) {
      throw new Error(
        `process ${lock.heldBy.pid} has been installing azurite for ${installationInSeconds} s (${path})`,
      );
    }
    await sleep(200);
  }
}

async function install(folder: string): Promise<void> {
  const args = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  try {
    await promisify(execFile)("npm", args, { cwd: folder, timeout: installationInSeconds * 1000 });
  } catch (error) {
    const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: object };
    const paths = Object.keys(packages).filter((path) => path !== "");
    const unpacked = paths.filter((path) => existsSync(join(folder, path, "package.json"))).length;
    const { killed, stderr } = error as { readonly killed?: boolean; readonly stderr?: string };
    throw new Error(
      `npm ${args.join(" ")} in tests/support/azurite ${killed === true ? `was ended after ${installationInSeconds} s` : "failed"}, ` +
        `with ${unpacked} of ${paths.length} packages unpacked\n${(stderr ?? "").split("\n").slice(-6).join("\n")}`,
      { cause: error },
    );
  }
}
