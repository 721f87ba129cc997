import type { CreationJournal } from "./creation-journal.ts";
import { inputDiff, replaces, refreshedInputs } from "./property-diff.ts";
import { toJsonObject, type JsonObject, type PropertyMap } from "./property-value.ts";
import type { CheckResult, DiffResult, Provider, ResourceCall, ResourceState } from "./provider.ts";

/** A resource type: its rules, and the calls to its server. Property names are those of the SDK. */
export interface ResourceType<Client> {
  /** Adds the defaults that are part of the inputs. */
  check?(call: ResourceCall): PropertyMap;
  diff(call: Pick<ResourceCall, "oldInputs" | "oldOutputs" | "inputs" | "ignoreChanges">): DiffResult;
  /** @returns the outputs that a preview shows. @param oldOutputs - undefined for a creation */
  plan(inputs: PropertyMap, oldOutputs?: PropertyMap): PropertyMap;
  /** From the server's answer, with secrets marked. */
  outputs(live: JsonObject, inputs: PropertyMap): PropertyMap;
  importedInputs(live: JsonObject, id: string): PropertyMap;
  /** @default - unchanged */
  refreshedInputs?(inputs: PropertyMap): PropertyMap;
  /** Such as `auth/kubernetes/role/reader`; from the inputs, or the outputs if the type {@link ResourceType.moves}. */
  idOf(client: Client, properties: JsonObject): string;
  /** Whether an update can change the id, while the engine keeps the first one. */
  readonly moves?: true;
  /** @throws Error if the id is in use */
  create(client: Client, id: string, inputs: JsonObject): Promise<void>;
  /** @param oldOutputs - the server's last answer; empty if unknown */
  update(client: Client, id: string, inputs: JsonObject, oldOutputs: JsonObject): Promise<void>;
  /** @returns undefined if it no longer exists; `inputs` are empty for an import. */
  read(client: Client, id: string, inputs: JsonObject): Promise<JsonObject | undefined>;
  remove(client: Client, id: string, inputs: JsonObject): Promise<void>;
}

export interface TypedPackage<Client> {
  readonly name: string;
  /** @returns undefined for an unknown type. */
  typeOf(token: string): ResourceType<Client> | undefined;
  /** @returns undefined: offline; then everything can be planned and nothing created. */
  connect(options: PropertyMap, cancelled: AbortSignal): Client | undefined;
  readonly journal: CreationJournal;
}

export class TypedProvider<Client> implements Provider {
  readonly #package: TypedPackage<Client>;
  readonly #cancel = new AbortController();
  #client: Client | undefined;

  constructor(served: TypedPackage<Client>) {
    this.#package = served;
  }

  configure(options: PropertyMap): void {
    this.#client = this.#package.connect(options, this.#cancel.signal);
  }

  check(call: ResourceCall): CheckResult {
    const type = this.#served(call.type);
    if (type !== undefined) return { inputs: type.check?.(call) ?? call.inputs };
    const reason = `unrecognized resource type ${call.type}: the local environment's provider does not serve it`;
    return { inputs: call.inputs, failures: [{ property: "", reason }] };
  }

  diff(call: ResourceCall): DiffResult {
    return this.#type(call.type).diff(call);
  }

  async create({ urn, type: token, inputs, preview }: ResourceCall): Promise<ResourceState> {
    const type = this.#type(token);
    if (preview) return { id: "", outputs: type.plan(inputs) };
    const plain = toJsonObject(inputs);
    const id = type.idOf(this.#online(), plain);
    await this.#create(token, id, urn, plain);
    return { id, outputs: await this.#outputs(type, id, inputs) };
  }

  async read(call: ResourceCall): Promise<(ResourceState & { readonly inputs: PropertyMap }) | undefined> {
    const { type: token, id, oldInputs, oldOutputs } = call;
    const type = this.#type(token);
    const live = await type.read(this.#online(), this.#idNow(type, id, oldOutputs), toJsonObject(oldInputs));
    if (live === undefined) {
      this.#package.journal.gone(journalKey(token, id));
      return undefined;
    }
    const isImport = Object.keys(oldInputs).length === 0;
    const current = isImport ? type.importedInputs(live, id) : refreshedInputs(oldInputs, oldOutputs, live);
    const inputs = isImport ? current : (type.refreshedInputs?.(current) ?? current);
    return { id, inputs, outputs: type.outputs(live, inputs) };
  }

  async update({ type: token, id, inputs, oldOutputs, preview }: ResourceCall): Promise<PropertyMap> {
    const type = this.#type(token);
    if (preview) return type.plan(inputs, oldOutputs);
    const before = this.#idNow(type, id, oldOutputs);
    await type.update(this.#online(), before, toJsonObject(inputs), toJsonObject(oldOutputs));
    return this.#outputs(type, this.#idNow(type, id, inputs), inputs);
  }

  async delete({ type: token, id, oldInputs, oldOutputs }: ResourceCall): Promise<void> {
    const type = this.#type(token);
    const now = this.#idNow(type, id, oldOutputs);
    await type.remove(this.#online(), now, toJsonObject(oldInputs));
    this.#package.journal.gone(journalKey(token, now));
  }

  cancel(): void {
    this.#cancel.abort(new Error("the operation was cancelled"));
  }

  /** Updates a resource that an interrupted update created but did not report. */
  async #create(token: string, id: string, urn: string, inputs: JsonObject): Promise<void> {
    const client = this.#online();
    const type = this.#type(token);
    const { journal } = this.#package;
    const key = journalKey(token, id);
    const createdFor = journal.createdFor(key);
    const live = createdFor === urn ? await type.read(client, id, {}) : undefined;
    if (live !== undefined && !isReplacement(type, id, live, inputs)) return type.update(client, id, inputs, {});
    if (createdFor === undefined) journal.creating(key, urn);
    try {
      await type.create(client, id, inputs);
    } catch (error) {
      if (createdFor === undefined) journal.gone(key);
      throw error;
    }
  }

  async #outputs(type: ResourceType<Client>, id: string, inputs: PropertyMap): Promise<PropertyMap> {
    const live = await type.read(this.#online(), id, toJsonObject(inputs));
    if (live === undefined) throw new Error(`${this.#package.name}: ${id} is gone right after it was written`);
    return type.outputs(live, inputs);
  }

  /** Offline any type can be planned: a program may have more types than the local environment. */
  #served(token: string): ResourceType<Client> | undefined {
    return this.#package.typeOf(token) ?? (this.#client === undefined ? plannedType : undefined);
  }

  #type(token: string): ResourceType<Client> {
    const type = this.#served(token);
    if (type === undefined) throw new Error(`unrecognized resource type ${token}`);
    return type;
  }

  #online(): Client {
    if (this.#client === undefined)
      throw new Error(`${this.#package.name}: offline, so nothing can be read or changed`);
    return this.#client;
  }

  /** The current id of a type that {@link ResourceType.moves}. */
  #idNow(type: ResourceType<Client>, id: string, properties: PropertyMap): string {
    const isKnown = type.moves === true && Object.keys(properties).length > 0;
    return isKnown ? type.idOf(this.#online(), toJsonObject(properties)) : id;
  }
}

/** When a replacement is created before the old resource is deleted, the old one must not be taken for it. */
function isReplacement(type: ResourceType<never>, id: string, live: JsonObject, inputs: JsonObject): boolean {
  const oldInputs = type.importedInputs(live, id);
  const { changes, deleteBeforeReplace } = type.diff({ oldInputs, oldOutputs: live, inputs, ignoreChanges: [] });
  return !deleteBeforeReplace && replaces(changes);
}

const offlineOnly = () => Promise.reject(new Error("a type that can only be planned"));

export const plannedType: ResourceType<unknown> = {
  diff: (call) => inputDiff(call, []),
  plan: (inputs) => inputs,
  outputs: (_live, inputs) => inputs,
  importedInputs: () => ({}),
  idOf: () => "",
  create: offlineOnly,
  update: offlineOnly,
  read: offlineOnly,
  remove: offlineOnly,
};

/** An auth method and a secrets engine may have the same path. */
function journalKey(token: string, id: string): string {
  return `${withoutVersion(token)} ${id}`;
}

/** `azure-native:keyvault/v20230701:Vault` to `azure-native:keyvault:Vault`: API versions share a type. */
export function withoutVersion(token: string): string {
  return token.replace(/\/v\d{8}(preview)?:/, ":");
}
