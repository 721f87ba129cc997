import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { localPort, type LocalPort } from "../domain/local-ports.ts";
import { UserError } from "../domain/user-error.ts";
import { tryLock, type Lock } from "./lock.ts";
import { writePrivateFile } from "./private-file.ts";
import { commandOf } from "./process-identity.ts";

/**
 * Everything that one local environment keeps on this machine: names of places, nothing read or made.
 * All paths are absolute. Folders with keys and tokens are 0700, the files in them 0600.
 */
export interface LocalHome {
  readonly dir: string;
  /** First of ten loopback ports; see domain/local-ports.ts. */
  readonly portBase: number;
  /** Port of one server. */
  port(of: LocalPort): number;
  /** `https://127.0.0.1:…` of the API server; ServiceAccount issuer as well. */
  readonly kubernetesUrl: string;
  /** `http://127.0.0.1:…` of OpenBao. */
  readonly vaultUrl: string;
  /** `https://127.0.0.1:…` of the Azure stand-in, without a slash at its end. */
  readonly azureUrl: string;

  /** Marks the folder as ours. */
  readonly marker: string;
  readonly lock: string;
  /** What runs: one record per server. */
  readonly serversFile: string;
  readonly logsDir: string;
  /** Executables that `pulumi` looks for on PATH, such as `pulumi-analyzer-policy-nodejs`. */
  readonly binDir: string;
  /** The person's kubeconfig, context `ameide-local`: an administrator's client certificate. */
  readonly kubeconfig: string;
  readonly kubernetes: KubernetesFiles;
  readonly etcd: EtcdFiles;
  readonly vault: { readonly dir: string; readonly dataDir: string; readonly configFile: string };
  readonly azure: {
    readonly dir: string;
    /** Bearer token of the person who owns the subscription; 0600. */
    readonly operatorToken: string;
    /** What the stand-in knows between runs. */
    readonly stateFile: string;
    /** The stand-in's own CA, which its clients trust. */
    readonly caCertificate: string;
  };
  /** Folders of the pods that the node stand-in runs. */
  readonly node: { readonly dir: string };
  /** `stateDir` is the file backend, `homeDir` goes into PULUMI_HOME. */
  readonly pulumi: {
    readonly dir: string;
    readonly stateDir: string;
    readonly homeDir: string;
    readonly passphraseFile: string;
    /** What the providers that are stand-ins created; see CreationJournal. */
    readonly journalFile: string;
  };
}

/** PEM files and kubeconfigs of the cluster; `…Key` files are private keys. */
interface KubernetesFiles {
  readonly dir: string;
  readonly caCertificate: string;
  readonly caKey: string;
  readonly apiServerCertificate: string;
  readonly apiServerKey: string;
  /** Signs ServiceAccount tokens. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
  /** By which the API server shows itself to the kubelet (pod logs). */
  readonly kubeletClientCertificate: string;
  readonly kubeletClientKey: string;
  /** By which the kubelet, here the node stand-in, shows itself to the API server. */
  readonly kubeletServerCertificate: string;
  readonly kubeletServerKey: string;
  /** Written after all the others; names the set of certificates. */
  readonly complete: string;
  readonly controllerManagerKubeconfig: string;
  readonly externalSecretsKubeconfig: string;
  /** The node stand-in's, user `system:node:ameide-local`. */
  readonly nodeKubeconfig: string;
}

/** etcd has a CA of its own: who holds a certificate of the cluster must not thereby read what is stored. */
interface EtcdFiles {
  readonly dir: string;
  readonly dataDir: string;
  readonly caCertificate: string;
  readonly caKey: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** The API server's. */
  readonly clientCertificate: string;
  readonly clientKey: string;
}

const defaultPortBase = 28_200;

/** Context, cluster and user in the kubeconfigs. */
export const localContext = "ameide-local";

/**
 * Names the places of a local environment.
 *
 * @param options.dir - @default - `$XDG_STATE_HOME/ameide-secrets/local`, or `~/.local/state/ameide-secrets/local`.
 * @param options.portBase - @default 28200
 */
export function localHome(options: { readonly dir?: string; readonly portBase?: number } = {}): LocalHome {
  const dir = resolve(options.dir ?? defaultDir());
  const portBase = options.portBase ?? defaultPortBase;
  const port = (of: LocalPort) => localPort(portBase, of);
  return {
    dir,
    portBase,
    port,
    kubernetesUrl: `https://127.0.0.1:${port("kubernetes")}`,
    vaultUrl: `http://127.0.0.1:${port("vault")}`,
    azureUrl: `https://127.0.0.1:${port("azure")}`,
    marker: join(dir, "home.json"),
    lock: join(dir, "lock"),
    serversFile: join(dir, "servers.json"),
    logsDir: join(dir, "logs"),
    binDir: join(dir, "bin"),
    kubeconfig: join(dir, "kubeconfig"),
    kubernetes: kubernetesFiles(join(dir, "kubernetes")),
    etcd: etcdFiles(join(dir, "etcd")),
    vault: {
      dir: join(dir, "vault"),
      dataDir: join(dir, "vault", "data"),
      configFile: join(dir, "vault", "config.json"),
    },
    azure: {
      dir: join(dir, "azure"),
      operatorToken: join(dir, "azure", "operator-token"),
      stateFile: join(dir, "azure", "state.json"),
      caCertificate: join(dir, "azure", "ca.crt"),
    },
    node: { dir: join(dir, "node") },
    pulumi: {
      dir: join(dir, "pulumi"),
      stateDir: join(dir, "pulumi", "state"),
      homeDir: join(dir, "pulumi", "home"),
      passphraseFile: join(dir, "pulumi", "passphrase"),
      journalFile: join(dir, "made-resources.jsonl"),
    },
  };
}

/**
 * Makes the folders, all 0700, and marks the home as ours. Running it again changes nothing.
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
  return readMarker(home) !== undefined;
}

/** First port that the home was last started with, or `undefined` where there is no home. */
export function lastPortBase(home: LocalHome): number | undefined {
  return readMarker(home)?.portBase;
}

/**
 * Forgets the home: every value, key and log in it. Stop its servers first.
 *
 * @throws UserError when the folder is not a home of ours; a missing folder is not an error.
 */
export function deleteHome(home: LocalHome): void {
  if (!existsSync(home.dir)) return;
  if (!isHome(home)) throw notOurs(home.dir, "name the folder of the local environment with --home");
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

function kubernetesFiles(dir: string): KubernetesFiles {
  const at = (name: string) => join(dir, name);
  return {
    dir,
    caCertificate: at("ca.crt"),
    caKey: at("ca.key"),
    apiServerCertificate: at("api-server.crt"),
    apiServerKey: at("api-server.key"),
    serviceAccountKey: at("service-account.key"),
    serviceAccountPublicKey: at("service-account.pub"),
    adminCertificate: at("admin.crt"),
    adminKey: at("admin.key"),
    kubeletClientCertificate: at("kubelet-client.crt"),
    kubeletClientKey: at("kubelet-client.key"),
    kubeletServerCertificate: at("kubelet-server.crt"),
    kubeletServerKey: at("kubelet-server.key"),
    complete: at("complete"),
    controllerManagerKubeconfig: at("controller-manager.kubeconfig"),
    externalSecretsKubeconfig: at("external-secrets.kubeconfig"),
    nodeKubeconfig: at("node.kubeconfig"),
  };
}

function etcdFiles(dir: string): EtcdFiles {
  const at = (name: string) => join(dir, name);
  return {
    dir,
    dataDir: at("data"),
    caCertificate: at("ca.crt"),
    caKey: at("ca.key"),
    serverCertificate: at("server.crt"),
    serverKey: at("server.key"),
    clientCertificate: at("client.crt"),
    clientKey: at("client.key"),
  };
}

function readMarker({ marker }: LocalHome): { readonly portBase: number } | undefined {
  try {
    const { kind, portBase } = JSON.parse(readFileSync(marker, "utf8")) as { kind?: unknown; portBase?: unknown };
    return kind === markerKind && typeof portBase === "number" ? { portBase } : undefined;
  } catch {
    return undefined;
  }
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
