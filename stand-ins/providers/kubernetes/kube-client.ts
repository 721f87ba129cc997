import type { ServerError } from "../../../clients/http.ts";
import { KubernetesClient, KubernetesError, type ApplyOptions } from "../../../clients/kubernetes.ts";
import { type ApiConnection, connectionFromKubeconfig } from "../../node/connection.ts";
import { providerRetries } from "../retries.ts";
import { referenceOf, type KubeObject, type KubeReference } from "./kube-object.ts";
import { type Json, type JsonObject, stringAt, type PropertyMap } from "../property-value.ts";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { isLoopback } from "../config.ts";

/** The API server knows no such kind: the CustomResourceDefinition is missing, or not there yet. */
export class UnknownKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    this.name = "UnknownKindError";
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 404;
}

export function isForbidden(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 403;
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Objects of any kind by server-side apply; their paths are found by discovery. */
export class KubeClient {
  readonly #cluster: KubernetesClient;
  readonly #resources = new Map<string, Promise<readonly ApiResource[]>>();

  constructor(connection: ApiConnection, cancelled: AbortSignal) {
    const retry = providerRetries(cancelled, mayPass);
    this.#cluster = new KubernetesClient({
      ...connection,
      connections: 16,
      timeoutInMs: 60_000,
      signal: cancelled,
      retry,
    });
  }

  /** @throws UnknownKindError if the server does not serve the kind. */
  async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.#resource(apiVersion, kind)).namespaced;
  }

  /** @throws KubernetesError, 404 among others; UnknownKindError. */
  async get(reference: KubeReference): Promise<KubeObject> {
    return await this.#cluster.get<KubeObject>(await this.#path(reference));
  }

  /** The object, or `undefined` where there is none. @throws KubernetesError, UnknownKindError */
  async find(reference: KubeReference): Promise<KubeObject | undefined> {
    return await this.#cluster.find<KubeObject>(await this.#path(reference));
  }

  /** Server-side apply: creates what is absent. Warnings go nowhere, as in the real provider. @throws KubernetesError, UnknownKindError */
  async apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const path = await this.#path(referenceOf(object));
    try {
      return await this.#cluster.apply<KubeObject>(path, object, options);
    } catch (error) {
      const known = withoutUndeclaredField(object, error);
      if (known === undefined) throw error;
      return await this.apply(known, options);
    }
  }

  /** Deletes in the foreground: the object stays until its dependents are gone. @throws KubernetesError, UnknownKindError */
  async delete(reference: KubeReference): Promise<void> {
    await this.#cluster.remove(await this.#path(reference), { propagationPolicy: "Foreground" });
  }

  async #path({ apiVersion, kind, name, namespace }: KubeReference): Promise<string> {
    const { name: plural, namespaced } = await this.#resource(apiVersion, kind);
    const scope = namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "default")}` : "";
    return `${groupPath(apiVersion)}${scope}/${plural}${name === "" ? "" : `/${encodeURIComponent(name)}`}`;
  }

  async #resource(apiVersion: string, kind: string): Promise<ApiResource> {
    let resources = this.#resources.get(apiVersion);
    if (resources === undefined) {
      resources = this.#discover(apiVersion);
      this.#resources.set(apiVersion, resources);
    }
    const found = await resources.then(
      (known) => known.find((resource) => resource.kind === kind && !resource.name.includes("/")),
      (error: unknown) => {
        this.#resources.delete(apiVersion);
        throw error;
      },
    );
    if (found !== undefined) return found;
    // The definition may be made a moment from now, by this very update.
    this.#resources.delete(apiVersion);
    throw new UnknownKindError(apiVersion, kind);
  }

  async #discover(apiVersion: string): Promise<readonly ApiResource[]> {
    return (await this.#cluster.find<{ resources?: ApiResource[] }>(groupPath(apiVersion)))?.resources ?? [];
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** A write that another write overtook passes at the second try; one whose fields another manager owns never does. */
function mayPass(error: ServerError): boolean {
  if (error.status === 503) return true;
  return error instanceof KubernetesError && error.reason === "Conflict" && !error.isFieldConflict;
}

/**
 * Server-side apply refuses a field that the kind does not have. The real provider never sends one: it converts built-in
 * kinds to Go's types, and creates custom resources without server-side apply.
 *
 * @returns the object without that field; undefined if the error is another one.
 */
export function withoutUndeclaredField(object: KubeObject, error: unknown): KubeObject | undefined {
  const path = error instanceof KubernetesError && /: (\.\S+): field not declared in schema/.exec(error.message)?.[1];
  if (typeof path !== "string") return undefined;
  // `.spec.containers[name="main"].bogus`
  const steps = [...path.matchAll(/\.([^.[]+)|\[(\w+)="([^"]*)"\]|\[(\d+)\]/g)];
  const field = steps.pop()?.[1];
  const copy = structuredClone(object);
  let parent: Json | undefined = copy;
  for (const [, name, key = "", value, index] of steps) {
    if (Array.isArray(parent)) {
      parent = index === undefined ? parent.find((item) => (item as JsonObject)[key] === value) : parent[Number(index)];
    } else {
      parent = name === undefined ? undefined : (parent as JsonObject | undefined)?.[name];
    }
  }
  if (field === undefined || typeof parent !== "object" || parent === null || !(field in parent)) return undefined;
  Reflect.deleteProperty(parent, field);
  return copy;
}

/**
 * The cluster of the local environment. What the program says about its cluster must lead to the same one: the
 * provider would otherwise change another cluster than the plan says. Another file, another CA or another name of
 * this machine is allowed, as long as the port is the same.
 *
 * @throws Error if the program's kubeconfig or context leads anywhere else.
 */
export async function clusterConnection(kubeconfigPath: string, options: PropertyMap): Promise<ApiConnection> {
  const context = stringAt(options, "context");
  const path = pathOf(stringAt(options, "kubeconfig"), kubeconfigPath);
  const current = (parse(readFileSync(path, "utf8")) as { "current-context"?: string })["current-context"];
  if (context !== undefined && context !== current) {
    throw new Error(`kubernetes: context "${context}" does not exist in ${path}, whose context is "${current ?? ""}"`);
  }
  const connection = await connectionFromKubeconfig(path);
  const { address } = connection;
  if (!isLoopback(address)) throw new Error(`kubernetes: ${path} leads to ${address}, which is not on this machine`);
  const { address: own } = path === kubeconfigPath ? connection : await connectionFromKubeconfig(kubeconfigPath);
  if (new URL(address).port !== new URL(own).port) {
    throw new Error(`kubernetes: ${path} leads to ${address}, but the local environment's cluster is ${own}`);
  }
  return connection;
}

/** The provider accepts a path or the file's whole text; here, the text of the local environment's own file only. */
function pathOf(kubeconfig: string | undefined, ownPath: string): string {
  if (kubeconfig === undefined) return ownPath;
  if (!kubeconfig.includes("\n")) return resolve(kubeconfig);
  if (kubeconfig.trim() === readFileSync(ownPath, "utf8").trim()) return ownPath;
  throw new Error(`kubernetes: the local environment's provider serves ${ownPath}, the program has another kubeconfig`);
}
