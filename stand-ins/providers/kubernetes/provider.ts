import type { ApplyOptions } from "../../../clients/kubernetes.ts";
import { silentLog, type EngineLog } from "../engine-log.ts";
import { inputChanges, replaces, refreshedInputs } from "../property-diff.ts";
import { mapAt, revealed, stringAt, toJsonObject, type PropertyMap } from "../property-value.ts";
import type {
  CheckFailure,
  CheckRequest,
  CheckResult,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  Provider,
  ReadRequest,
  ReadResult,
  ResourceState,
  UpdateRequest,
} from "../provider.ts";
import { isSet, timeoutInMilliseconds } from "./annotations.ts";
import { applyNew, applyOver, release } from "./apply.ts";
import { awaitGone, awaitReady, type Patience } from "./await-ready.ts";
import { fieldManagerOf, importedInputs, outputsOf } from "./checkpoint.ts";
import { clusterConnection, isNotFound, KubeClient, UnknownKindError } from "./kube-client.ts";
import { fullName, kindOfType, parseFullName, type KubeObject, type KubeReference } from "./kube-object.ts";
import { isProbablyNamespaced, replacePaths } from "./known-kinds.ts";
import { isNameGenerated, withName, withNamespace, planObject, withoutEmptyLists } from "./plan-object.ts";
import { judgeJob, waitFor } from "./readiness.ts";

const readyTimeoutInSeconds = 600;
const deletionTimeoutInSeconds = 300;

/** Any kind of the API server by server-side apply, as the provider `kubernetes` handles it. */
export class KubernetesProvider implements Provider {
  readonly #kubeconfigPath: string | undefined;
  readonly #log: EngineLog;
  readonly #cancel = new AbortController();
  #client: KubeClient | undefined;
  #options: PropertyMap = {};

  /** @param kubeconfigPath - undefined: no cluster; then everything can be planned and nothing made. */
  constructor(kubeconfigPath: string | undefined, log: EngineLog = silentLog) {
    this.#kubeconfigPath = kubeconfigPath;
    this.#log = log;
  }

  async configure(options: PropertyMap): Promise<void> {
    this.#options = options;
    if (this.#kubeconfigPath === undefined) return;
    const address = await clusterConnection(this.#kubeconfigPath, options);
    this.#client = new KubeClient(address, this.#cancel.signal);
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const { kind, apiVersion, isPatch } = kindOfType(request.type);
    const typed = { ...request.inputs, apiVersion: request.inputs["apiVersion"] ?? apiVersion, kind };
    if (isPatch && mapAt(typed, "metadata")["name"] === undefined) {
      return { inputs: typed, failures: [{ property: "metadata.name", reason: "a Patch resource names its object" }] };
    }
    const named = isPatch ? typed : withoutEmptyLists(withName({ ...request, inputs: typed }));
    const failures = waitForFailures(kind, typed);
    const namespaced = await this.#isNamespaced(stringAt(typed, "apiVersion") ?? apiVersion, kind);
    const namespace = stringAt(this.#options, "namespace") ?? "default";
    return { inputs: namespaced ? withNamespace(named, namespace) : named, failures };
  }

  async diff({ type, oldInputs, inputs, ignoreChanges, id }: DiffRequest): Promise<DiffResult> {
    const { apiVersion, kind, isPatch } = kindOfType(type);
    const changes = new Map(
      inputChanges(withoutEmptyLists(oldInputs), withoutEmptyLists(inputs), {
        replaceAt: replacePaths(kind, isPatch, {
          configMap: this.#isOn("enableConfigMapMutable"),
          secret: this.#isOn("enableSecretMutable"),
        }),
        ignoreChanges,
      }),
    );
    if (
      kind === "Job" &&
      isSet(inputs, "replaceUnready") &&
      !(await this.#isJobDone({ apiVersion, kind, ...parseFullName(id) }))
    ) {
      changes.set('metadata.annotations["pulumi.com/replaceUnready"]', { kind: "update", replaces: true });
    }
    const sameName = fullNameOf(inputs) === fullNameOf(oldInputs);
    return { changes, deleteBeforeReplace: replaces(changes) && !isNameGenerated(inputs) && sameName };
  }

  async create({ urn, type, inputs, preview, timeoutInSeconds }: CreateRequest): Promise<ResourceState> {
    const { isPatch } = kindOfType(type);
    const options = this.#applyOptions(urn, inputs);
    const { fieldManager } = options;
    if (preview) return { id: "", outputs: await this.#planned(inputs, isPatch, { ...options, force: true }) };
    const client = this.#online();
    const live = await applyNew(client, toJsonObject(inputs) as KubeObject, {
      ...options,
      mayExist: isPatch || this.#isOn("upsertExistingObjects"),
      cancelled: this.#cancel.signal,
    });
    const patience = this.#patience(urn, inputs, timeoutInSeconds, readyTimeoutInSeconds);
    const ready = await awaitReady(client, { live, inputs, fieldManager, done: "created" }, patience);
    return { id: fullName(live.metadata), outputs: outputsOf(ready, inputs, fieldManager) };
  }

  async read({ urn, type, id, oldInputs, oldOutputs }: ReadRequest): Promise<ReadResult | undefined> {
    const { apiVersion, kind } = kindOfType(type);
    let live: KubeObject;
    try {
      live = await this.#online().get({
        apiVersion: stringAt(oldOutputs, "apiVersion") ?? apiVersion,
        kind,
        ...parseFullName(id),
      });
    } catch (error) {
      if (isNotFound(error) || error instanceof UnknownKindError) return undefined;
      throw error;
    }
    const inputs = oldInputs === undefined ? importedInputs(live) : refreshedInputs(oldInputs, oldOutputs, live);
    return { id, inputs, outputs: outputsOf(live, inputs, fieldManagerOf(urn, inputs, oldOutputs)) };
  }

  async update(request: UpdateRequest): Promise<PropertyMap> {
    const { urn, type, inputs, oldOutputs, preview, timeoutInSeconds } = request;
    const options = this.#applyOptions(urn, inputs, oldOutputs);
    const { fieldManager } = options;
    if (preview) return this.#planned(inputs, kindOfType(type).isPatch, options);
    const client = this.#online();
    const wanted = toJsonObject(inputs) as KubeObject;
    const live = await applyOver(client, wanted, { ...options, dryRun: false });
    const formerManager = stringAt(oldOutputs, "__fieldManager");
    if (formerManager !== undefined && formerManager !== fieldManager) await release(client, wanted, formerManager);
    const patience = this.#patience(urn, inputs, timeoutInSeconds, readyTimeoutInSeconds);
    const ready = await awaitReady(client, { live, inputs, fieldManager, done: "updated" }, patience);
    return outputsOf(ready, inputs, fieldManager);
  }

  async delete({ urn, type, id, oldInputs, oldOutputs, timeoutInSeconds }: DeleteRequest): Promise<void> {
    const { apiVersion, kind, isPatch } = kindOfType(type);
    const reference = { apiVersion: stringAt(oldOutputs, "apiVersion") ?? apiVersion, kind, ...parseFullName(id) };
    const client = this.#online();
    try {
      if (isPatch) {
        const { name, namespace } = reference;
        const object = { apiVersion: reference.apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
        return await release(client, object, fieldManagerOf(urn, oldInputs, oldOutputs));
      }
      await client.delete(reference);
    } catch (error) {
      if (isNotFound(error) || error instanceof UnknownKindError) return;
      throw error;
    }
    if (isSet(oldInputs, "skipAwait")) return;
    await awaitGone(client, reference, this.#patience(urn, oldInputs, timeoutInSeconds, deletionTimeoutInSeconds));
  }

  invoke(token: string): Promise<PropertyMap> {
    return Promise.reject(new Error(`function ${token} is not served by the local environment's providers`));
  }

  cancel(): void {
    this.#cancel.abort(new Error("the operation was cancelled"));
  }

  #planned(inputs: PropertyMap, isPatch: boolean, options: Omit<ApplyOptions, "dryRun">): Promise<PropertyMap> {
    return this.#client === undefined || isPatch ? Promise.resolve(inputs) : planObject(this.#client, inputs, options);
  }

  #applyOptions(urn: string, inputs: PropertyMap, oldOutputs?: PropertyMap): Omit<ApplyOptions, "dryRun"> {
    return {
      fieldManager: fieldManagerOf(urn, inputs, oldOutputs),
      force: isSet(inputs, "patchForce") || this.#isOn("enablePatchForce"),
    };
  }

  #patience(urn: string, inputs: PropertyMap, asked: number | undefined, defaultInSeconds: number): Patience {
    return {
      timeoutInMilliseconds: timeoutInMilliseconds(inputs, asked, defaultInSeconds),
      cancelled: this.#cancel.signal,
      onStatus: (text) => this.#log.status(urn, text),
    };
  }

  /** A Job that is not there, or whose state cannot be read, is none that would have to be replaced for it. */
  async #isJobDone(reference: KubeReference): Promise<boolean> {
    if (this.#client === undefined) return true;
    const live = await this.#client.get(reference).catch(() => undefined);
    return live === undefined || judgeJob(live).state === "ready";
  }

  async #isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    try {
      return (await this.#client?.isNamespaced(apiVersion, kind)) ?? isProbablyNamespaced(kind);
    } catch (error) {
      if (error instanceof UnknownKindError) return isProbablyNamespaced(kind);
      throw error;
    }
  }

  #online(): KubeClient {
    if (this.#client === undefined) throw new Error("kubernetes: offline, so nothing can be read or changed");
    return this.#client;
  }

  #isOn(option: string): boolean {
    const value = revealed(this.#options[option]);
    return value === true || value === "true";
  }
}

/** Before anything is made: a condition that is not understood would be found out with the object already there. */
function waitForFailures(kind: string, inputs: PropertyMap): CheckFailure[] {
  try {
    waitFor(kind, inputs);
    return [];
  } catch (error) {
    return [{ property: "metadata.annotations", reason: error instanceof Error ? error.message : String(error) }];
  }
}

function fullNameOf(inputs: PropertyMap): string {
  const metadata = mapAt(inputs, "metadata");
  return fullName({ name: stringAt(metadata, "name") ?? "", namespace: stringAt(metadata, "namespace") });
}
