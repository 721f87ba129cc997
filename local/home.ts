import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { localPort, type LocalPort } from "../domain/local-ports.ts";
import { UserError } from "../domain/user-error.ts";
import { tryLock, type Lock } from "./lock.ts";
import { writePrivateFile } from "./private-file.ts";
import { commandOf } from "./process-identity.ts";

/** Absolute paths of one local environment. Folders with keys and tokens are 0700, the files in them 0600. */
export type LocalHome = ReturnType<typeof localHome>;

const defaultPortBase = 28_200;

/** Context, cluster and user in the kubeconfigs. */
export const localContext = "ameide-local";

/**
 * @param options.dir - @default - `$XDG_STATE_HOME/ameide-secrets/local`, or `~/.local/state/ameide-secrets/local`.
 * @param options.portBase - first of ten loopback ports; see domain/local-ports.ts. @default 28200
 */
export function localHome(options: { readonly dir?: string; readonly portBase?: number } = {}) {
  const dir = resolve(options.dir ?? defaultDir());
  const portBase = options.portBase ?? defaultPortBase;
  const port = (of: LocalPort) => localPort(portBase, of);
  const at = (...names: string[]) => join(dir, ...names);
  return {
    dir,
    portBase,
    port,
    /** API server and ServiceAccount issuer. */
    kubernetesUrl: `https://127.0.0.1:${port("kubernetes")}`,
    vaultUrl: `http://127.0.0.1:${port("vault")}`,
    /** The Azure stand-in, without a slash at the end. */
    azureUrl: `https://127.0.0.1:${port("azure")}`,
    /** Its presence identifies the folder as a home. */
    marker: at("home.json"),
    lock: at("lock"),
    /** One record for each running server. */
    serversFile: at("servers.json"),
    logsDir: at("logs"),
    /** The person's kubeconfig, context `ameide-local`, administrator. */
    kubeconfig: at("kubeconfig"),
    kubernetes: kubernetesFiles(at("kubernetes")),
    etcd: etcdFiles(at("etcd")),
    vault: { dir: at("vault"), dataDir: at("vault", "data"), configFile: at("vault", "config.json") },
    azure: azureFiles(at("azure")),
    node: { dir: at("node") },
    pulumi: {
      dir: at("pulumi"),
      /** The file backend. */
      stateDir: at("pulumi", "state"),
      /** PULUMI_HOME. */
      homeDir: at("pulumi", "home"),
      passphraseFile: at("pulumi", "passphrase"),
      /** See CreationJournal. */
      journalFile: at("made-resources.jsonl"),
    },
  } as const;
}

/** `…Key` files are private keys. */
function kubernetesFiles(dir: string) {
  return {
    dir,
    ...pair(dir, "ca", "ca"),
    ...pair(dir, "apiServer", "api-server"),
    /** Signs ServiceAccount tokens. */
    serviceAccountKey: join(dir, "service-account.key"),
    serviceAccountPublicKey: join(dir, "service-account.pub"),
    ...pair(dir, "admin", "admin"),
    ...pair(dir, "controllerManager", "controller-manager"),
    ...pair(dir, "externalSecrets", "external-secrets"),
    /** The API server's, towards the kubelet (pod logs). */
    ...pair(dir, "kubeletClient", "kubelet-client"),
    /** The kubelet's (here the node stand-in's), towards the API server. */
    ...pair(dir, "kubeletServer", "kubelet-server"),
    /** The node stand-in's as a client, user `system:node:ameide-local-node`. */
    ...pair(dir, "node", "node"),
    /** Written last; contains the name of the set of certificates. */
    complete: join(dir, "complete"),
    controllerManagerKubeconfig: join(dir, "controller-manager.kubeconfig"),
    externalSecretsKubeconfig: join(dir, "external-secrets.kubeconfig"),
  } as const;
}

/** etcd has its own CA: a certificate of the cluster must not give access to its stored data. */
function etcdFiles(dir: string) {
  const dataDir = join(dir, "data");
  return {
    dir,
    dataDir,
    ...pair(dir, "ca", "ca"),
    ...pair(dir, "server", "server"),
    ...pair(dir, "client", "client"),
  } as const;
}

export function azureFiles(dir: string) {
  return {
    dir,
    /** Clients of the stand-in must trust it. */
    caCertificate: join(dir, "ca.crt"),
    /** Bearer token of the subscription's owner. */
    operatorToken: join(dir, "operator-token"),
    /** Signs access tokens. */
    tokenKey: join(dir, "token.key"),
    stateFile: join(dir, "state.json"),
  } as const;
}

/** Such as `adminCertificate` and `adminKey`. */
function pair<N extends string>(dir: string, name: N, file: string) {
  const files = { [`${name}Certificate`]: join(dir, `${file}.crt`), [`${name}Key`]: join(dir, `${file}.key`) };
  return files as Readonly<Record<`${N}Certificate` | `${N}Key`, string>>;
}

/** All folders are 0700; idempotent. @throws UserError if the folder has another owner or other content. */
export function ensureHome(home: LocalHome): void {
  makeFolder(home);
  // first, so that an interrupted start leaves a home or an empty folder
  writePrivateFile(home.marker, `${JSON.stringify({ kind: markerKind, portBase: home.portBase })}\n`);
  const { vault, azure, node, pulumi, kubernetes, etcd } = home;
  const folders = [vault.dataDir, azure.dir, node.dir, pulumi.stateDir, pulumi.homeDir, kubernetes.dir, home.logsDir];
  for (const folder of [...folders, etcd.dataDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Locks a home before changing it or its ports. @throws UserError as {@link ensureHome} and {@link lockHome}. */
export function takeHome(home: LocalHome): Lock {
  makeFolder(home);
  const lock = lockHome(home);
  try {
    ensureHome(home);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeFolder(home: LocalHome): void {
  if (existsSync(home.dir)) refuseForeign(home);
  mkdirSync(home.dir, { recursive: true, mode: 0o700 });
  chmodSync(home.dir, 0o700);
}

export function isHome(home: LocalHome): boolean {
  return lastPortBase(home) !== undefined;
}

/** @throws UserError if the folder is not a home. */
export function requireHome(home: LocalHome): void {
  if (!isHome(home)) throw notOurs(home.dir, "name the folder of the local environment with --home");
}

/** @returns `undefined` without a home. */
export function lastPortBase({ marker }: LocalHome): number | undefined {
  try {
    const { kind, portBase } = JSON.parse(readFileSync(marker, "utf8")) as { kind?: unknown; portBase?: unknown };
    return kind === markerKind && typeof portBase === "number" ? portBase : undefined;
  } catch {
    return undefined;
  }
}

/** Removes all data; stop the servers first. @throws UserError if the folder exists and is not a home. */
export function deleteHome(home: LocalHome): void {
  if (!existsSync(home.dir)) return;
  requireHome(home);
  rmSync(home.dir, { recursive: true, force: true });
}

/** Clears the lock of a crashed start. @throws UserError that names the process that holds the lock. */
export function lockHome(home: LocalHome): Lock {
  const lock = tryLock(home.lock);
  if (!("heldBy" in lock)) return lock;
  const { pid } = lock.heldBy;
  const command = commandOf(pid);
  throw UserError.of(
    "local-home-locked",
    `process ${pid}${command === undefined ? "" : ` (${command})`} is using ${home.dir}`,
    `wait until it ends, or stop it: kill ${pid}`,
  );
}

const markerKind = "ameide-secrets local environment";

function defaultDir(): string {
  const state = process.env["XDG_STATE_HOME"] ?? "";
  // the XDG specification: a relative path is invalid and is ignored
  return join(isAbsolute(state) ? state : join(homedir(), ".local", "state"), "ameide-secrets", "local");
}

function refuseForeign(home: LocalHome): void {
  const elsewhere = "name another folder with --home";
  const stat = statSync(home.dir);
  if (!stat.isDirectory()) throw notOurs(home.dir, elsewhere);
  if (stat.uid !== process.getuid?.()) {
    throw UserError.of("local-home-of-another-user", `${home.dir} belongs to another user`, elsewhere);
  }
  if (!isHome(home) && !readdirSync(home.dir).every(isOfABeginning)) throw notOurs(home.dir, elsewhere);
}

/** The lock, and drafts of it and of the marker: a start may leave them before the marker exists. */
function isOfABeginning(name: string): boolean {
  return /^(?:lock|home\.json\.[0-9a-f-]{36}|lock\.[0-9a-f-]{36})$/.test(name);
}

function notOurs(dir: string, fix: string): UserError {
  return UserError.of("local-home-not-ours", `${dir} is not a local environment of ameide-secrets`, fix);
}
