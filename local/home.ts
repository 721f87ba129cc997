import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { localPort, type LocalPort } from "../domain/local-ports.ts";
import { UserError } from "../domain/user-error.ts";
import { tryLock, type Lock } from "./lock.ts";
import { writePrivateFile } from "./private-file.ts";
import { commandOf } from "./process-identity.ts";

/**
 * Everything that one local environment stores on this machine, as {@link localHome} names it. All paths are absolute.
 * Folders with keys and tokens are 0700, the files in them 0600.
 */
export type LocalHome = ReturnType<typeof localHome>;

const defaultPortBase = 28_200;

/** Context, cluster and user in the kubeconfigs. */
export const localContext = "ameide-local";

/**
 * Names the places of a local environment; reads and creates nothing.
 *
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
    /** Port of one server. */
    port,
    /** Of the API server; ServiceAccount issuer as well. */
    kubernetesUrl: `https://127.0.0.1:${port("kubernetes")}`,
    /** Of OpenBao. */
    vaultUrl: `http://127.0.0.1:${port("vault")}`,
    /** Of the Azure stand-in, without a slash at its end. */
    azureUrl: `https://127.0.0.1:${port("azure")}`,
    /** Marks the folder as ours. */
    marker: at("home.json"),
    lock: at("lock"),
    /** What runs: one record per server. */
    serversFile: at("servers.json"),
    logsDir: at("logs"),
    /** Executables that `pulumi` looks for on PATH, such as `pulumi-analyzer-policy-nodejs`. */
    binDir: at("bin"),
    /** The person's kubeconfig, context `ameide-local`: an administrator's client certificate. */
    kubeconfig: at("kubeconfig"),
    kubernetes: kubernetesFiles(at("kubernetes")),
    etcd: etcdFiles(at("etcd")),
    vault: { dir: at("vault"), dataDir: at("vault", "data"), configFile: at("vault", "config.json") },
    azure: azureFiles(at("azure")),
    /** Folders of the pods that the node stand-in runs. */
    node: { dir: at("node") },
    pulumi: {
      dir: at("pulumi"),
      /** The file backend. */
      stateDir: at("pulumi", "state"),
      /** PULUMI_HOME. */
      homeDir: at("pulumi", "home"),
      passphraseFile: at("pulumi", "passphrase"),
      /** What the providers that are stand-ins created; see CreationJournal. */
      journalFile: at("made-resources.jsonl"),
    },
  } as const;
}

/** PEM files and kubeconfigs of the cluster; `…Key` files are private keys. */
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
    /** Written after all the others; names the set of certificates. */
    complete: join(dir, "complete"),
    controllerManagerKubeconfig: join(dir, "controller-manager.kubeconfig"),
    externalSecretsKubeconfig: join(dir, "external-secrets.kubeconfig"),
  } as const;
}

/** etcd has a CA of its own: who holds a certificate of the cluster must not thereby read what is stored. */
function etcdFiles(dir: string) {
  const dataDir = join(dir, "data");
  return {
    dir,
    dataDir,
    ...pair(dir, "ca", "ca"),
    ...pair(dir, "server", "server"),
    /** The API server's. */
    ...pair(dir, "client", "client"),
  } as const;
}

/** Files of the Azure stand-in. */
export function azureFiles(dir: string) {
  return {
    dir,
    /** PEM of the CA that signs the stand-in's certificate; clients trust it. */
    caCertificate: join(dir, "ca.crt"),
    /** Bearer token of the person who owns the subscription. */
    operatorToken: join(dir, "operator-token"),
    /** Signs access tokens. */
    tokenKey: join(dir, "token.key"),
    /** What the stand-in remembers between runs. */
    stateFile: join(dir, "state.json"),
  } as const;
}

/** A certificate and its key, such as `adminCertificate` and `adminKey`. */
function pair<N extends string>(dir: string, name: N, file: string) {
  const files = { [`${name}Certificate`]: join(dir, `${file}.crt`), [`${name}Key`]: join(dir, `${file}.key`) };
  return files as Readonly<Record<`${N}Certificate` | `${N}Key`, string>>;
}

/**
 * Creates the folders, all 0700, and marks the home as ours. Running it again changes nothing.
 *
 * @throws UserError when the folder is another user's or holds things that are not ours.
 */
export function ensureHome(home: LocalHome): void {
  makeFolder(home);
  // before anything else in it: an interrupted start leaves a home or an empty folder
  writePrivateFile(home.marker, `${JSON.stringify({ kind: markerKind, portBase: home.portBase })}\n`);
  const { vault, azure, node, pulumi, kubernetes, etcd } = home;
  const folders = [vault.dataDir, azure.dir, node.dir, pulumi.stateDir, pulumi.homeDir, kubernetes.dir, home.logsDir];
  for (const folder of [...folders, home.binDir, etcd.dataDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * Takes a home for a start: nothing of it is changed, its ports least of all, while another one works on it.
 *
 * @throws UserError as {@link ensureHome} and {@link lockHome}.
 */
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

/** Whether the folder bears our mark. */
export function isHome(home: LocalHome): boolean {
  return lastPortBase(home) !== undefined;
}

/** @throws UserError when the folder is not a home of ours. */
export function requireHome(home: LocalHome): void {
  if (!isHome(home)) throw notOurs(home.dir, "name the folder of the local environment with --home");
}

/** First port that the home was last started with, or `undefined` where there is no home. */
export function lastPortBase({ marker }: LocalHome): number | undefined {
  try {
    const { kind, portBase } = JSON.parse(readFileSync(marker, "utf8")) as { kind?: unknown; portBase?: unknown };
    return kind === markerKind && typeof portBase === "number" ? portBase : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Forgets the home: every value, key and log in it. Stop its servers first.
 *
 * @throws UserError when the folder is not a home of ours; a missing folder is not an error.
 */
export function deleteHome(home: LocalHome): void {
  if (!existsSync(home.dir)) return;
  requireHome(home);
  rmSync(home.dir, { recursive: true, force: true });
}

/**
 * Keeps a second start out while one runs. The lock of a crashed start is cleared automatically.
 *
 * @throws UserError that names the process when another one works on this home.
 */
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

/** The lock, and drafts of it and of the marker: all that a start has made before the folder bears our mark. */
function isOfABeginning(name: string): boolean {
  return /^(?:lock|home\.json\.[0-9a-f-]{36}|lock\.[0-9a-f-]{36})$/.test(name);
}

function notOurs(dir: string, fix: string): UserError {
  return UserError.of("local-home-not-ours", `${dir} is not a local environment of ameide-secrets`, fix);
}
