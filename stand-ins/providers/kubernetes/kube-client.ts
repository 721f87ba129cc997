import { HttpJson, passesByItself, type Answer, type ServerAddress } from "../http-json.ts";
import type { Json } from "../property-value.ts";
import { isNotFound, KubeError, UnknownKindError } from "./kube-error.ts";
import { withoutUndeclaredField } from "./undeclared-field.ts";
import { referenceOf, type KubeObject, type KubeReference } from "./kube-object.ts";

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** The API server as server-side apply needs it: objects of any kind, found by discovery. */
export class KubeClient {
  readonly #http: HttpJson;
  readonly #resources = new Map<string, Promise<readonly ApiResource[]>>();

  constructor(address: ServerAddress, cancelled: AbortSignal) {
    this.#http = new HttpJson(address, cancelled);
  }

  /** @throws UnknownKindError if the server does not serve the kind. */
  async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.#resource(apiVersion, kind)).namespaced;
  }

  /** @throws KubeError, 404 among others; UnknownKindError. */
  async get(reference: KubeReference): Promise<KubeObject> {
    return this.#call("GET", await this.#path(reference));
  }

  /** The object, or `undefined` where there is none. @throws KubeError, UnknownKindError */
  async find(reference: KubeReference): Promise<KubeObject | undefined> {
    try {
      return await this.get(reference);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Server-side apply: creates what is absent. Warnings go nowhere, as in the real provider. @throws KubeError, UnknownKindError */
  async apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const { fieldManager, force, dryRun } = options;
    const query = new URLSearchParams({ fieldManager, force: String(force), fieldValidation: "Warn" });
    if (dryRun) query.set("dryRun", "All");
    const path = await this.#path(referenceOf(object));
    try {
      return await this.#call("PATCH", `${path}?${query.toString()}`, object, "application/apply-patch+yaml");
    } catch (error) {
      const known = withoutUndeclaredField(object, error);
      if (known === undefined) throw error;
      return this.apply(known, options);
    }
  }

  /** Deletes in the foreground: the object stays until its dependents are gone. @throws KubeError, UnknownKindError */
  async delete(reference: KubeReference): Promise<void> {
    await this.#call("DELETE", await this.#path(reference), { propagationPolicy: "Foreground" });
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
    const answer = await this.#http.send("GET", groupPath(apiVersion), { retryIf: isOverload });
    if (answer.status === 404) return [];
    if (answer.status >= 400) throw new KubeError(answer);
    return (answer.body as { resources?: ApiResource[] } | undefined)?.resources ?? [];
  }

  async #call<T = KubeObject>(method: string, path: string, body?: Json, contentType?: string): Promise<T> {
    const answer = await this.#http.send(method, path, {
      retryIf: mayPass,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    });
    if (answer.status >= 400) throw new KubeError(answer);
    return answer.body as T;
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function isOverload(answer: Answer): boolean {
  return passesByItself(answer) || answer.status === 503;
}

/** A write that another write overtook passes at the second try; one whose fields another manager owns never does. */
function mayPass(answer: Answer): boolean {
  if (answer.status !== 409) return isOverload(answer);
  const error = new KubeError(answer);
  return error.reason === "Conflict" && !error.isFieldConflict;
}
