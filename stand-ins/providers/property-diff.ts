import type { DiffResult, PropertyChange, ResourceCall } from "./provider.ts";
import {
  isList,
  isMap,
  revealed,
  sameValue,
  type PropertyMap,
  type PropertyValue,
  secret,
  SecretProperty,
} from "./property-value.ts";

export interface DiffRules {
  /** Paths that replace when something at or below them changes, such as `spec.template`. */
  readonly replaceAt: readonly string[];
  /** Top-level lists that are unordered. */
  readonly sets?: ReadonlySet<string>;
  readonly ignoreChanges: readonly string[];
}

type Path = readonly (string | number)[];

/** The changes by path. An unknown is a change. */
export function inputChanges(before: PropertyMap, after: PropertyMap, rules: DiffRules): DiffResult["changes"] {
  const changes = new Map<string, PropertyChange>();
  const places = rules.replaceAt.map((place) => place.split("."));
  const note: Note = (path, kind, whole) => {
    const text = formatPath(path);
    if (rules.ignoreChanges.some((ignored) => covers(ignored, text))) return;
    changes.set(text, { kind, replaces: places.some((place) => touches(path, whole, place)) });
  };
  compareMaps([], before, after, note, rules.sets ?? new Set());
  return changes;
}

/** For providers that compare the inputs of the last update with the new ones, and delete first. */
export function inputDiff(
  { oldInputs, inputs, ignoreChanges }: Pick<ResourceCall, "oldInputs" | "inputs" | "ignoreChanges">,
  replaceAt: DiffRules["replaceAt"],
): DiffResult {
  const changes = inputChanges(oldInputs, inputs, { replaceAt, ignoreChanges });
  return { changes, deleteBeforeReplace: replaces(changes) };
}

export function replaces(changes: DiffResult["changes"]): boolean {
  return [...changes.values()].some((change) => change.replaces);
}

type Note = (path: Path, kind: PropertyChange["kind"], whole: PropertyValue) => void;

function compareMaps(path: Path, before: PropertyMap, after: PropertyMap, note: Note, sets: ReadonlySet<string>): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const isSet = path.length === 0 && sets.has(key);
    compare([...path, key], before[key], after[key], note, isSet);
  }
}

function compare(
  path: Path,
  markedBefore: PropertyValue | undefined,
  markedAfter: PropertyValue | undefined,
  note: Note,
  isSet = false,
): void {
  const before = revealed(markedBefore);
  const after = revealed(markedAfter);
  if (sameValue(before, after)) return;
  if (before === undefined) return note(path, "add", after ?? null);
  if (after === undefined) return note(path, "delete", before);
  if (isList(before) && isList(after)) {
    const [removed, added] = isSet ? [without(before, after), without(after, before)] : [before, after];
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare([...path, index], removed[index], added[index], note);
    }
  } else if (isMap(before) && isMap(after)) {
    compareMaps(path, before, after, note, new Set());
  } else {
    note(path, "update", after);
  }
}

/** Members stay at their index, with gaps where the other set contains them too. */
function without(set: readonly PropertyValue[], other: readonly PropertyValue[]): (PropertyValue | undefined)[] {
  return set.map((member) => (other.some((one) => sameValue(one, member)) ? undefined : member));
}

/** Whether a change at `path` is at or below `place`, or adds or removes a parent of it. */
function touches(path: Path, whole: PropertyValue, place: readonly string[]): boolean {
  const shared = Math.min(path.length, place.length);
  if (!place.slice(0, shared).every((part, index) => path[index] === part)) return false;
  let inside: PropertyValue | undefined = whole;
  for (const part of place.slice(shared)) inside = isMap(inside) ? revealed(inside[part]) : undefined;
  return inside !== undefined;
}

/** Pulumi's notation: `a.b[0]["c.d"]`. */
function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[\w$-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

function covers(ignored: string, path: string): boolean {
  return path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`);
}

/** Inputs change only with their outputs. What the server merely normalises (`0.5` as `500m`) is not drift. */
export function refreshedInputs(oldInputs: PropertyMap, oldOutputs: PropertyMap, outputs: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(oldInputs)
      .map(([key, input]) => [key, refreshed(input, oldOutputs[key], outputs[key])] as const)
      .filter((entry): entry is readonly [string, PropertyValue] => entry[1] !== undefined),
  );
}

function refreshed(
  input: PropertyValue,
  markedOld: PropertyValue | undefined,
  markedLive: PropertyValue | undefined,
): PropertyValue | undefined {
  const old = revealed(markedOld);
  const live = revealed(markedLive);
  if (old === undefined || sameValue(old, live)) return input;
  if (input instanceof SecretProperty) return live === undefined ? undefined : secret(live);
  if (isMap(input) && isMap(old) && isMap(live)) return refreshedInputs(input, old, live);
  if (isList(input) && isList(live) && isList(old) && input.length === live.length && old.length === live.length) {
    return input.map((part, index) => refreshed(part, old[index], live[index]) ?? null);
  }
  return live;
}
