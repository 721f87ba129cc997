import { connectionFromKubeconfig } from "../../node/connection.ts";
import { inputChanges, replaces } from "../property-diff.ts";
import { refreshedInputs } from "../refresh.ts";
import { hasUnknown, mapAt, revealed, stringAt, toJsonObject, type PropertyMap } from "../property-value.ts";
import {
  InitialisationError,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type ResourceState,
  type UpdateRequest,
} from "../provider.ts";
import { isSet, timeoutInMilliseconds } from "./annotations.ts";
import { awaitGone, awaitReady, NotReadyError } from "./await-object.ts";
import { fieldManagerOf, importedInputs, outputsOf } from "./checkpoint.ts";
import { isForbidden, isNotFound, UnknownKindError } from "./kube-error.ts";
import { KubeClient } from "./kube-client.ts";
import { fullName, kindOfType, parseFullName, type KubeObject, type KubeReference } from "./kube-object.ts";
import { isProbablyNamespaced, replacePaths } from "./known-kinds.ts";
import { isNameGenerated, withName, withNamespace } from "./names.ts";
import { applyNew, applyOver, release } from "./apply.ts";
import { judgeFor, judgeJob } from "./readiness.ts";

const readyTimeoutInSeconds = 600;
const deletionTimeoutInSeconds = 300;

/** Any kind of the API server by server-side apply, as the provider `kubernetes` handles it. */
export class KubernetesProvider implements Provider {
  readonly #kubeconfigPath: string | undefined;
  readonly #cancel = new AbortController();
  #client: KubeClient | undefined;
  #options: PropertyMap = {};

  /** @param kubeconfigPath - undefined: no cluster; then everything can be planned and nothing made. */
  constructor(kubeconfigPath: string | undefined) {
    this.#kubeconfigPath = kubeconfigPath;
  }

  async configure(inputs: PropertyMap): Promise<void> {
    this.#options = inputs;
    if (this.#kubeconfigPath === undefined) return;
    const { server, token, ...tls } = await connectionFromKubeconfig(this.#kubeconfigPath);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#client = new KubeClient({ url: server, headers, ...tls }, this.#cancel.signal);
  }

  async check(request: CheckRequest): Promise<CheckResult> {
    const { kind, apiVersion, isPatch } = kindOfType(request.type);
    const typed = { ...request.inputs, apiVersion: request.inputs["apiVersion"] ?? apiVersion, kind };
    if (isPatch && mapAt(typed, "metadata")["name"] === undefined) {
      return { inputs: typed, failures: [{ property: "metadata.name", reason: "a Patch resource names its object" }] };
    }
    const named = isPatch ? typed : withName({ ...request, inputs: typed });
    const namespaced = await this.#isNamespaced(stringAt(typed, "apiVersion") ?? apiVersion, kind);
    const namespace = stringAt(this.#options, "namespace") ?? "default";
    return { inputs: namespaced ? withNamespace(named, namespace) : named };
  }

  async diff({ type, oldInputs, inputs, ignoreChanges, id }: DiffRequest): Promise<DiffResult> {
    const { apiVersion, kind, isPatch } = kindOfType(type);
    const changes = new Map(
      inputChanges(oldInputs, inputs, {
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
    const fieldManager = fieldManagerOf(urn, inputs);
    if (preview) return { id: "", outputs: await this.#preview(inputs, fieldManager, isPatch) };
    const client = this.#online();
    const wanted = toJsonObject(inputs) as KubeObject;
    const created = await applyNew(client, wanted, {
      fieldManager,
      force: this.#forces(inputs),
      mayExist: isPatch || this.#isOn("upsertExistingObjects"),
    });
    const ready = await this.#ready(created, inputs, fieldManager, timeoutInSeconds, "created");
    return { id: fullName(created.metadata), outputs: outputsOf(ready, inputs, fieldManager) };
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
    const { isPatch } = kindOfType(type);
    const fieldManager = fieldManagerOf(urn, inputs, oldOutputs);
    if (preview) return this.#preview(inputs, fieldManager, isPatch, this.#forces(inputs));
    const client = this.#online();
    const wanted = toJsonObject(inputs) as KubeObject;
    const updated = await applyOver(client, wanted, { fieldManager, force: this.#forces(inputs), dryRun: false });
    const formerManager = stringAt(oldOutputs, "__fieldManager");
    if (formerManager !== undefined && formerManager !== fieldManager) await release(client, wanted, formerManager);
    const ready = await this.#ready(updated, inputs, fieldManager, timeoutInSeconds, "updated");
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
    await awaitGone(client, reference, {
      timeoutInMilliseconds: timeoutInMilliseconds(oldInputs, timeoutInSeconds, deletionTimeoutInSeconds),
      cancelled: this.#cancel.signal,
    });
  }

  invoke(token: string): Promise<PropertyMap> {
    return Promise.reject(new Error(`function ${token} is not served by the local environment's providers`));
  }

  cancel(): void {
    this.#cancel.abort();
  }

  /** What the object would become; the inputs alone where the cluster cannot tell, as the real provider does. */
  async #preview(inputs: PropertyMap, fieldManager: string, isPatch: boolean, force = true): Promise<PropertyMap> {
    if (this.#client === undefined || isPatch || hasUnknown(inputs)) return inputs;
    try {
      const wanted = toJsonObject(inputs) as KubeObject;
      const { status: _, ...planned } = await applyOver(this.#client, wanted, { fieldManager, force, dryRun: true });
      return outputsOf(planned, inputs, fieldManager);
    } catch (error) {
      // Its namespace or definition may be made by this very update; and who may not dry-run may still plan.
      if (error instanceof UnknownKindError || isNotFound(error) || isForbidden(error)) return inputs;
      throw error;
    }
  }

  async #ready(
    live: KubeObject,
    inputs: PropertyMap,
    fieldManager: string,
    timeoutInSeconds: number | undefined,
    done: string,
  ): Promise<KubeObject> {
    const judge = judgeFor(live.kind, inputs);
    if (judge === undefined) return live;
    const patience = {
      timeoutInMilliseconds: timeoutInMilliseconds(inputs, timeoutInSeconds, readyTimeoutInSeconds),
      cancelled: this.#cancel.signal,
    };
    try {
      return await awaitReady(this.#online(), live, judge, patience);
    } catch (error) {
      if (!(error instanceof NotReadyError)) throw error;
      const id = fullName(live.metadata);
      const summary = `resource ${id} was successfully ${done}, but the Kubernetes API server reported that it failed to fully initialize or become live`;
      const state = { id, outputs: outputsOf(error.live, inputs, fieldManager) };
      throw new InitialisationError(state, [`${summary}: ${error.reasons[0] ?? ""}`, ...error.reasons.slice(1)]);
    }
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

  #forces(inputs: PropertyMap): boolean {
    return isSet(inputs, "patchForce") || this.#isOn("enablePatchForce");
  }
}

function fullNameOf(inputs: PropertyMap): string {
  const metadata = mapAt(inputs, "metadata");
  return fullName({ name: stringAt(metadata, "name") ?? "", namespace: stringAt(metadata, "namespace") });
}
