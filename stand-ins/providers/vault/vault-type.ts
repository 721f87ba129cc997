import { createHash } from "node:crypto";
import { PathTemplate } from "../path-template.ts";
import { inputChanges } from "../property-diff.ts";
import {
  isList,
  isMap,
  keepSecrets,
  revealed,
  secret,
  unknown,
  type JsonObject,
  type PropertyMap,
  type PropertyValue,
  type Json,
} from "../property-value.ts";
import type { ResourceCall } from "../provider.ts";
import type { ResourceType } from "../typed-provider.ts";
import type { ProviderVault } from "./provider-vault.ts";

/** A property, as in the Terraform provider's schema. */
export interface Field {
  /** Added by Check if the program gives none. */
  readonly default?: boolean | string;
  /** The server's value stays if the program gives none; otherwise it is removed. */
  readonly computed?: true;
  readonly output?: true;
  readonly replaces?: true;
  /** An unordered list. */
  readonly set?: true;
  readonly secret?: true;
  /** Derived from the resource's name if the program gives none. */
  readonly generated?: true;
}

export interface VaultShape extends Pick<
  ResourceType<ProviderVault>,
  "idOf" | "moves" | "create" | "update" | "read" | "remove"
> {
  readonly fields: Readonly<Record<string, Field>>;
}

/**
 * The rules of Terraform, which the provider `vault` follows: Check adds defaults to the inputs, Diff compares the
 * inputs with the server's last answer, and missing, empty and zero are equal.
 *
 * @see https://github.com/hashicorp/terraform-provider-vault/tree/v5.8.0/vault
 */
export function vaultType(shape: VaultShape): ResourceType<ProviderVault> {
  const { fields, read, ...calls } = shape;
  const entries = Object.entries<Field>({ ...fields, namespace: { replaces: true } });
  const named = (holds: (field: Field) => unknown) => entries.filter(([, field]) => holds(field)).map(([name]) => name);
  const absent = Object.fromEntries(entries.map(([name]) => [name, null]));
  const secrets = new Set(named((field) => field.secret));
  const marked = (outputs: PropertyMap, inputs: PropertyMap): PropertyMap =>
    Object.fromEntries(
      Object.entries(keepSecrets(outputs, inputs)).map(([name, value]) => [
        name,
        secrets.has(name) ? secret(value) : value,
      ]),
    );
  return {
    ...calls,
    check: (call) => withDefaults(entries, call),
    diff({ oldOutputs, inputs, ignoreChanges }) {
      const compared = entries.filter(
        ([name, field]) => !field.output && !(field.computed && inputs[name] === undefined),
      );
      const pick = (map: PropertyMap) =>
        Object.fromEntries(compared.flatMap(([name]) => (map[name] === undefined ? [] : [[name, map[name]]])));
      const [before, after] = withoutEmpty(pick(oldOutputs), pick(inputs));
      const changes = inputChanges(before, after, {
        replaceAt: named((field) => field.replaces),
        sets: new Set(named((field) => field.set)),
        ignoreChanges,
      });
      return { changes, deleteBeforeReplace: false };
    },
    plan(inputs, oldOutputs) {
      const given = withoutNotes(inputs);
      const planned = entries.map(([name, { computed, output }]) => {
        const isServers = computed === true || output === true;
        const old = oldOutputs === undefined && isServers ? unknown : oldOutputs?.[name];
        return [name, given[name] ?? (isServers || isEmpty(old) ? old : undefined) ?? null] as const;
      });
      return marked({ ...Object.fromEntries(planned), id: oldOutputs?.["id"] ?? unknown }, inputs);
    },
    outputs: (live, inputs) => marked(live, inputs),
    async read(client, id, inputs) {
      const live = await read(client, id, withoutNotes(inputs));
      return live && { ...absent, ...live, id };
    },
    importedInputs(live) {
      const imported = entries.filter(([name, field]) => {
        const value = live[name];
        return (
          !field.output && (value === null ? field.default !== undefined : !isEmpty(value) && value !== field.default)
        );
      });
      const value = (name: string) => nonEmptyParts(live[name] ?? null);
      const inputs = Object.fromEntries(imported.map(([name]) => [name, value(name)]));
      return { ...marked(inputs, inputs), __defaults: [] };
    },
    // the real provider does not recognise its own default for a secret
    refreshedInputs: (inputs) => {
      const defaults = inputs["__defaults"];
      const known = isList(defaults) ? defaults.filter((name) => typeof name === "string" && !secrets.has(name)) : [];
      return { ...marked(inputs, inputs), __defaults: known };
    },
  };
}

/** A document at one path of Vault's API. @param document.isPermanent - Vault cannot delete it. */
export function vaultDocument(document: {
  readonly path: string;
  readonly fields: VaultShape["fields"];
  readonly isPermanent?: true;
}): ResourceType<ProviderVault> {
  const path = new PathTemplate(document.path);
  const own = Object.entries(document.fields).filter(([name]) => !path.inputs.includes(name));
  const fields = Object.fromEntries(own);
  return vaultType({
    fields: document.fields,
    idOf: (_client, inputs) => path.fill(inputs),
    async create(client, id, inputs) {
      await client.write(id, writtenFields(fields, inputs));
    },
    async update(client, id, inputs, oldOutputs) {
      await client.write(id, writtenFields(fields, inputs, oldOutputs));
    },
    async read(client, id, inputs) {
      const found = await client.read(id);
      return found && { ...inputs, ...path.parse(id), ...responseFields(found, Object.keys(fields)) };
    },
    remove: (client, id) => (document.isPermanent ? Promise.resolve() : client.delete(id)),
  });
}

/** Vault keeps a field that a request omits, so removed inputs are written as empty. */
export function writtenFields(
  fields: VaultShape["fields"],
  inputs: JsonObject,
  oldOutputs: JsonObject = {},
): JsonObject {
  const written = Object.entries(fields).map(([name, { computed }]) => {
    const old = computed === true || isEmpty(oldOutputs[name]) ? undefined : emptied(oldOutputs[name]);
    return [name, inputs[name] ?? old ?? null] as const;
  });
  return requestBody(Object.fromEntries(written), Object.keys(fields));
}

function emptied(value: unknown): string | number | boolean | never[] {
  if (Array.isArray(value)) return [];
  if (typeof value === "number") return 0;
  return typeof value === "boolean" ? false : "";
}

function withDefaults(entries: readonly (readonly [string, Field])[], call: ResourceCall): PropertyMap {
  const { inputs, oldInputs, name: resource, randomSeed } = call;
  const digits = createHash("sha256").update(randomSeed).digest("hex").slice(0, 8);
  const missing = entries.filter(
    ([name, field]) => inputs[name] === undefined && (field.default !== undefined || field.generated),
  );
  const filled = missing.map(([name, field]): [string, PropertyValue] => {
    const value = field.default ?? oldInputs[name] ?? `${resource}-${digits}`;
    return [name, field.secret ? secret(value) : value];
  });
  return { ...inputs, ...Object.fromEntries(filled), __defaults: filled.map(([name]) => name).toSorted() };
}

/** As in an import: with an own list of defaults, without empty parts. */
function nonEmptyParts(value: PropertyValue): PropertyValue {
  if (!isMap(value)) return value;
  return { ...Object.fromEntries(Object.entries(value).filter(([, part]) => !isEmpty(part))), __defaults: [] };
}

/** Removes what is missing or empty in both maps, at any depth. */
function withoutEmpty(before: PropertyMap, after: PropertyMap): [PropertyMap, PropertyMap] {
  const keptBefore: Record<string, PropertyValue> = {};
  const keptAfter: Record<string, PropertyValue> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    let [old, now] = [revealed(before[name]), revealed(after[name])];
    if (name.startsWith("__") || (isEmpty(old) && isEmpty(now))) continue;
    if (isMap(old) && isMap(now)) [old, now] = withoutEmpty(old, now);
    if (old !== undefined) keptBefore[name] = old;
    if (now !== undefined) keptAfter[name] = now;
  }
  return [keptBefore, keptAfter];
}

function withoutNotes<Map extends JsonObject | PropertyMap>(inputs: Map): Map {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__"))) as Map;
}

function isEmpty(marked: PropertyValue | undefined): boolean {
  const value = revealed(marked);
  if (isList(value)) return value.length === 0;
  if (isMap(value)) return Object.keys(value).length === 0;
  return [undefined, null, "", 0, false].some((zero) => zero === value);
}

/** `boundServiceAccountNames` to `bound_service_account_names`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function requestBody(inputs: JsonObject, fields: readonly string[]): JsonObject {
  const given = fields.filter((field) => inputs[field] !== undefined && inputs[field] !== null);
  return Object.fromEntries(given.map((field) => [snakeCase(field), inputs[field] ?? null]));
}

/** Under the SDK's names. */
export function responseFields(answer: JsonObject, fields: readonly string[]): JsonObject {
  const answered = fields.map((field) => [field, answer[snakeCase(field)] ?? null] as const);
  return Object.fromEntries(answered.filter(([, value]) => value !== null));
}

export const unitSeconds = { h: 3600, m: 60, s: 1 };

/** Such as `1h30m`; a number is already in seconds. */
export function durationInSeconds(value: Json | undefined): number {
  if (typeof value !== "string") return Number(value ?? 0);
  const parts = [...value.matchAll(/(\d+)([smh])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitSeconds[unit as "h" | "m" | "s"], 0);
}
