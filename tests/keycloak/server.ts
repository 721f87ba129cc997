import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** Runs on Java 17 and newer. */
const version = "26.7.3";

type Json = Readonly<Record<string, unknown>>;

/** A Keycloak of its own, without a database that outlives it, and its Admin API as the master realm's administrator. */
export class Keycloak {
  readonly url: string;
  readonly #child: ChildProcess;
  #token = "";

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** @throws Error with its output if it ends before it serves. */
  static async start(): Promise<Keycloak> {
    const folder = await distribution();
    const [port, managementPort] = await Promise.all([freePort(), freePort()]);
    const args = ["start-dev", "--db=dev-mem", "--cache=local", "--http-host=127.0.0.1", `--http-port=${port}`, `--http-management-port=${managementPort}`]; // prettier-ignore
    const administrator = { KC_BOOTSTRAP_ADMIN_USERNAME: "admin", KC_BOOTSTRAP_ADMIN_PASSWORD: password };
    const child = spawn("sh", [join(folder, "bin", "kc.sh"), ...args], {
      detached: true, // it builds itself first, and starts another process for that
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...administrator, JAVA_OPTS_APPEND: "-XX:TieredStopAtLevel=1" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    const keycloak = new Keycloak(`http://127.0.0.1:${port}`, child);
    while (!(await keycloak.#serves())) {
      if (child.exitCode !== null) throw new Error(`Keycloak ended before it served:\n${output}`);
      await sleep(500);
    }
    return keycloak;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    process.kill(-this.#child.pid, "SIGKILL");
    await gone;
  }

  /** One call below `/admin/realms`. @throws Error with the status and Keycloak's words. */
  async admin<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    if (this.#token === "") this.#token = await this.#login();
    const response = await fetch(`${this.url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The client's representation; its secret is one that Keycloak made. */
  async addClient(realm: string, clientId: string, more: Json = {}): Promise<{ readonly id: string }> {
    await this.admin("POST", `/${realm}/clients`, { clientId, publicClient: false, ...more });
    const [made] = await this.admin<readonly { id: string }[]>("GET", `/${realm}/clients?clientId=${clientId}`);
    if (made === undefined) throw new Error(`${realm} has no client ${clientId}`);
    return made;
  }

  /** A client of the master realm with a service account. @param roles - of the realm `of`. @returns its secret. */
  async addServiceAccount(clientId: string, of: string, roles: readonly string[]): Promise<string> {
    const { id } = await this.addClient("master", clientId, { serviceAccountsEnabled: true });
    const { id: user } = await this.admin<{ id: string }>("GET", `/master/clients/${id}/service-account-user`);
    const [realm] = await this.admin<readonly { id: string }[]>("GET", `/master/clients?clientId=${of}-realm`);
    const all = await this.admin<readonly { name: string }[]>("GET", `/master/clients/${realm?.id}/roles`);
    const given = all.filter(({ name }) => roles.includes(name));
    await this.admin("POST", `/master/users/${user}/role-mappings/clients/${realm?.id}`, given);
    return this.secretOf("master", id);
  }

  async secretOf(realm: string, id: string): Promise<string> {
    return (await this.admin<{ value: string }>("GET", `/${realm}/clients/${id}/client-secret`)).value;
  }

  async #login(): Promise<string> {
    const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password };
    const response = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  async #serves(): Promise<boolean> {
    const response = await fetch(`${this.url}/realms/master`).catch(() => undefined);
    return response?.ok === true;
  }
}

const password = "administrator-of-a-test";

/** Unpacked once. It comes from Maven's own repository, by Maven. */
async function distribution(): Promise<string> {
  const cache = join(homedir(), ".cache", "ameide-secrets");
  const folder = join(cache, `keycloak-${version}`);
  if (existsSync(folder)) return folder;
  const half = `${folder}.partial`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true, mode: 0o700 });
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
  await promisify(execFile)("mvn", ["-q", "-B", "dependency:unpack", `-Dartifact=${artifact}`, `-DoutputDirectory=${half}`]); // prettier-ignore
  renameSync(join(half, `keycloak-${version}`), folder);
  rmSync(half, { recursive: true });
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
