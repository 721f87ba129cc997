import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { destroyChain } from "../../../cli/deploy/destroy.ts";
import { runLocalChain } from "../../../cli/deploy/local-chain.ts";
import { openLocalEngine } from "../../../cli/deploy/local-engine.ts";
import { localAzure } from "../../../cli/access/local-stack.ts";
import { formatMoveIn } from "../../../cli/commands/move-in.ts";
import { guardScan } from "../../../cli/operate/guard-scan.ts";
import { environmentFacts } from "../../../cli/operate/move-in.ts";
import { Phases } from "../../../cli/phases.ts";
import type { Cluster, KubernetesObject } from "../../../clients/kubernetes.ts";
import { openCluster } from "../../../clients/kubeconfig.ts";
import { vaultReader } from "../../../diagnose/observe/access.ts";
import { explain } from "../../../diagnose/explain.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import type { MoveInStep } from "../../../domain/move-in/facts.ts";
import { moveInSteps } from "../../../domain/move-in/steps.ts";
import { readTerraform } from "../../../domain/move-in/terraform.ts";
import { renderManifests } from "../../../domain/manifests/render.ts";
import type { Adopted, EnvironmentStack, Strictness } from "../../../domain/plan/environment.ts";
import { recordedIo } from "../../cli/recorded-io.ts";
import { runCommand } from "../../support/command-line.ts";
import { placeOf } from "../../support/local-chain.ts";
import { oldExternalSecrets, oldFoundation, type Platform } from "./platform.ts";

const key = randomBytes(32);

/** Keyed hashes and uids of everything that must stay what it is. */
export type Traces = ReadonlyMap<string, string>;

/** Moves a platform in, as a person would: by what the command prints. */
export class Rehearsal {
  readonly #platform: Platform;
  readonly #print: (line: string) => void;
  #adopt: Adopted = {};
  #strictness: Partial<Strictness> = {};
  #cluster: Cluster | undefined;
  /** `cluster.argocdApplications` of the stack file. */
  applications: readonly string[] = [];
  /** Whether the old configuration still has its blocks in Git. */
  configured = true;

  constructor(platform: Platform, print: (line: string) => void) {
    this.#platform = platform;
    this.#print = print;
  }

  get stack(): EnvironmentStack {
    const { stack } = this.#platform;
    const { shared } = stack;
    const adopt = this.#adopt;
    return {
      ...stack,
      adopt,
      cluster: { ...stack.cluster, argocdApplications: [...this.applications] },
      strictness: { ...stack.strictness, ...this.#strictness },
      ...(shared && { shared: { ...shared, adopt } }),
    };
  }

  set(strictness: Partial<Strictness>): void {
    this.#strictness = { ...this.#strictness, ...strictness };
  }

  adopt(entries: Adopted): void {
    this.#adopt = entries;
  }

  /** The plan as the command makes it now. */
  async plan(): Promise<readonly MoveInStep[]> {
    const { home, stateFile } = this.#platform;
    this.#cluster ??= await openCluster({ kubeconfig: home.kubeconfig, context: this.stack.cluster.context });
    const place = { stack: this.stack, cluster: this.#cluster, access: this.access() };
    const terraform = readTerraform(readFileSync(stateFile, "utf8"), "terraform.tfstate");
    const facts = await environmentFacts(place, { terraform, target: "local-foundation", prove: true }, guardScan);
    const steps = moveInSteps(this.stack, facts);
    assert.doesNotMatch(formatMoveIn("local", steps) + JSON.stringify(steps), /canary-(?!user)/, "a value in the plan");
    return steps;
  }

  access() {
    const { home, rootToken } = this.#platform;
    const { operatorAddress } = this.stack.vault;
    return {
      kubernetes: this.#platform.cluster,
      vault: vaultReader({ address: operatorAddress }, rootToken),
      azure: localAzure(home, this.stack.azure.keyVaultUri),
    };
  }

  /** A command as it is printed; `kubectl` of the toolchain, `terraform` and ours as this machine has them. */
  async shell(command: string): Promise<void> {
    this.#print(`$ ${command.replace(/-p '\{"metadata".*'$/, "-p '<our label, and its fields as ours>'")}`);
    const [program = ""] = command.split(" ");
    if (program === "terraform") return this.#terraform(command);
    if (command === "az keyvault update --name ameidekv --enable-purge-protection true")
      return this.#platform.putKeyVault({ enablePurgeProtection: true });
    if (program === "ameide-secrets") {
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "").slice(1);
      const { code, err } = await runCommand([...words, ...placeOf(this.#platform.home)]);
      assert.ok(code === 0, `${command}: ${err}`);
      return;
    }
    const { home, binaries } = this.#platform;
    const env = { ...process.env, KUBECONFIG: home.kubeconfig, KUBECACHEDIR: `${home.dir}/cache` };
    const child = spawn("sh", ["-c", command.replace(/^kubectl/, binaries.kubectl)], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, `${command}: ${err}`);
  }

  /** `state rm` of Terraform: the instance goes from the state, and from nowhere else. */
  #terraform(command: string): void {
    const address = /^terraform state rm '?(.*?)'?$/.exec(command)?.[1];
    const platform = this.#platform;
    const left = platform.readState().map((resource) => ({
      ...resource,
      instances: resource.instances.filter(({ index_key: index }) => {
        const base = [resource.module, resource.type, resource.name].filter(Boolean).join(".");
        return address !== (index === undefined ? base : `${base}["${index}"]`);
      }),
    }));
    platform.writeState(left.filter(({ instances }) => instances.length > 0));
  }

  /** What an apply would delete: what the state has and the configuration no longer. */
  terraformDeletes(): readonly string[] {
    if (this.configured) return [];
    return this.#platform
      .readState()
      .filter(({ type }) => type !== "azurerm_kubernetes_cluster")
      .map(({ type }) => type);
  }

  async up(): Promise<void> {
    const { home, binaries } = this.#platform;
    const { vault: _, ...access } = this.access();
    await runLocalChain({
      home,
      binaries,
      envFiles: [],
      stack: this.stack,
      phases: new Phases(recordedIo(), new AbortController().signal),
      signal: new AbortController().signal,
      ownership: (token) => ({
        azure: () => Promise.resolve(access.azure),
        ...(token === undefined ? {} : { vault: vaultReader({ address: home.vaultUrl }, token) }),
      }),
    });
  }

  async destroy(): Promise<void> {
    const { home, binaries, cluster } = this.#platform;
    const stack = this.stack;
    await destroyChain({
      stack,
      cluster,
      preview: false,
      phases: new Phases(recordedIo(), new AbortController().signal),
      signal: new AbortController().signal,
      openEngine: (token) => openLocalEngine({ home, binaries }, stack, {}, token),
    });
  }

  /** The rendered files in the source of one Application, and the old ones out of every other. */
  commitRendered(application: string): void {
    const { source } = this.#platform.argo;
    const objects = renderManifests(this.stack, { clientId: "00000000-0000-4000-8000-00000000000c" })
      .map(({ object }) => object as unknown as KubernetesObject)
      .filter((object) => !(object.kind === "ServiceAccount" && "imagePullSecrets" in object));
    source.set(application, objects);
  }

  /** Takes what the plan has out of every source; what belongs to other applications of the platform stays. */
  removeFromSource(objects: readonly string[]): void {
    const { source } = this.#platform.argo;
    for (const [name, all] of source)
      source.set(
        name,
        all.filter(
          ({ kind, metadata }) =>
            !objects.some((one) => one.startsWith(`${kind} ${metadata.namespace}/${metadata.name}:`)),
        ),
      );
  }

  restoreSource(): void {
    const { source } = this.#platform.argo;
    source.set("local-foundation", oldFoundation(this.#platform.home));
    source.set("local-secrets", oldExternalSecrets());
  }

  /** A day on which nobody does anything: every controller and pipeline of the platform runs. */
  async day(): Promise<void> {
    const platform = this.#platform;
    assert.deepEqual(this.terraformDeletes(), [], "terraform apply would delete");
    await platform.argo.sync();
    await platform.argo.sync({ reversed: true });
    await platform.oldJob();
    await platform.untilSynced();
  }

  /** Hashes of every value, and the identity of everything that holds or delivers one. */
  async traces(): Promise<Traces> {
    const platform = this.#platform;
    const hash = (value: string) => createHmac("sha256", key).update(value).digest("hex").slice(0, 12);
    const found = new Map<string, string>();
    for (const namespace of ["ameide-local", "argocd"]) {
      const { items } = await platform.cluster.get<{
        items: (KubernetesObject & { data?: Record<string, string>; type?: string })[];
      }>(`/api/v1/namespaces/${namespace}/secrets`);
      for (const { metadata, data = {} } of items) {
        if (metadata.name === "vault-auto-credentials") continue;
        found.set(
          `Secret ${namespace}/${metadata.name}`,
          `${metadata.uid} ${hash(JSON.stringify(Object.entries(data).toSorted(([a], [b]) => a.localeCompare(b))))}`,
        );
      }
      for (const plural of ["secretstores", "externalsecrets"])
        for (const { name, uid } of await platform.cluster.metadata(
          `/apis/external-secrets.io/v1/namespaces/${namespace}/${plural}`,
        ))
          found.set(`${plural} ${namespace}/${name}`, uid ?? "");
    }
    const { data } = await platform.vault<{ data: { keys: string[] } }>("GET", "secret/metadata?list=true");
    for (const path of data.keys.filter((one) => !one.endsWith("/"))) {
      const { data: meta } = await platform.vault<{ data: { current_version: number } }>(
        "GET",
        `secret/metadata/${path}`,
      );
      for (let version = 1; version <= meta.current_version; version++) {
        const read = await platform.vault<{ data: { data: object } }>("GET", `secret/data/${path}?version=${version}`);
        found.set(`Vault ${path} v${version}`, hash(JSON.stringify(read.data.data)));
      }
    }
    const list = await this.access().azure.keyVault<{ value: { id: string }[] }>("/secrets?maxresults=25");
    for (const { id } of list.value) {
      const name = new URL(id).pathname.split("/")[2] ?? "";
      const { value, id: version } = await this.access().azure.keyVault<{ value: string; id: string }>(
        `/secrets/${name}`,
      );
      found.set(`Key Vault ${name}`, `${version.split("/").at(-1)} ${hash(value)}`);
    }
    return found;
  }

  /** The first cause that doctor would name. */
  async doctor(): Promise<readonly string[]> {
    const { stack } = this;
    return explain(await observe(stack, this.access(), { compareValues: true }), stack).causes.map(({ code }) => code);
  }
}
