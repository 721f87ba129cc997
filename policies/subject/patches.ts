import { below, parseContent, splitDocuments, type Part } from "./documents.ts";
import { apiVersionOfKind, subjectOfManifest } from "./kinds.ts";
import { isRecord, type LineOf, type Path } from "./reading.ts";
import { nameOf, type Located } from "./subject.ts";

/** The object that a patch changes, as far as its kustomization says; a patch may name it itself. */
export interface PatchTarget {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

export interface Patch {
  /** A text, or in Flux's objects the patch itself. */
  readonly patch: unknown;
  readonly target: PatchTarget;
  readonly lineOf: LineOf;
}

/** Kinds that patch the objects that they collect or render. */
const patching =
  /^(?:kustomize\.config\.k8s\.io|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io|argoproj\.io)\//;

export function mayPatch(content: unknown): boolean {
  return isRecord(content) && typeof content["apiVersion"] === "string" && patching.test(content["apiVersion"]);
}

/** The patches under a key of such a kind, which are not objects on their own; `undefined` for a key that has none. */
export function patchesUnder(key: string, items: unknown, lineOf: LineOf): readonly Patch[] | undefined {
  if (!/^patches(?:Json6902|StrategicMerge)?$/.test(key) || !Array.isArray(items)) return undefined;
  return items.flatMap((item: unknown, i): readonly Patch[] => {
    if (key === "patchesStrategicMerge") {
      // a text without a line break is the path of a file
      const isPatch = isRecord(item) || (typeof item === "string" && item.includes("\n"));
      return isPatch ? [{ patch: item, target: {}, lineOf: below(lineOf, [i]) }] : [];
    }
    if (!isRecord(item) || (typeof item["patch"] !== "string" && typeof item["patch"] !== "object")) return [];
    return [{ patch: item["patch"], target: targetIn(item), lineOf: below(lineOf, [i, "patch"]) }];
  });
}

/** @param entry - of `patches` or `patchesJson6902`. */
export function targetIn({ target }: Readonly<Record<string, unknown>>): PatchTarget {
  if (!isRecord(target)) return {};
  const keys = ["kind", "name", "namespace"].filter((key) => typeof target[key] === "string" && target[key] !== "");
  return Object.fromEntries(keys.map((key) => [key, target[key]]));
}

/** Kinds of which the rules judge only what belongs to vault-bootstrap. */
const kindsOfBootstrap = /^(?:Role|RoleBinding)$/;

/** Whether a patch may change what rules look at. Kustomize matches targets by regular expressions. */
export function mayTouchJudged({ patch, target: { kind, name = "" } }: Patch): boolean {
  if (typeof patch !== "string") return true;
  const kinds = kind === undefined ? [...patch.matchAll(/^kind:\s*(\w+)/gm)].map(([, found = ""]) => found) : [kind];
  const isOfBootstrap = `${name}\n${patch}`.includes("vault-bootstrap");
  const isJudged = (one: string): boolean =>
    apiVersionOfKind(one) !== undefined && (isOfBootstrap || !kindsOfBootstrap.test(one));
  return kinds.length === 0 || kinds.some((one) => !/^\w+$/.test(one) || isJudged(one));
}

/** What a patch sets, judged as a part of the object that it changes. */
export function subjectsOfPatch({ patch, target, lineOf }: Patch): readonly Located[] {
  if (typeof patch !== "string") return subjectsOf({ content: patch, lineOf }, target);
  return splitDocuments(patch).flatMap((document) => {
    try {
      const parsed = parseContent(document);
      return subjectsOf(
        { content: parsed.content, lineOf: (path, line) => lineOf([], parsed.lineOf(path, line)) },
        target,
      );
    } catch {
      return []; // listed as not judged
    }
  });
}

function subjectsOf({ content, lineOf }: Part, target: PatchTarget): readonly Located[] {
  if (Array.isArray(content)) return fromOperations(content, lineOf, target);
  if (!isRecord(content)) return [];
  const { kind = target.kind, apiVersion } = content;
  if (typeof kind !== "string") return [];
  return asSubject({ ...content, kind, apiVersion: apiVersion ?? apiVersionOfKind(kind) }, lineOf);
}

/** What the operations of a JSON Patch set, at their paths. @see https://www.rfc-editor.org/rfc/rfc6902 */
function fromOperations(
  operations: readonly unknown[],
  lineOf: LineOf,
  { kind: named, name, namespace }: PatchTarget,
): readonly Located[] {
  const set = operations.flatMap((operation, index) => {
    if (!isRecord(operation) || !("value" in operation) || operation["op"] === "test") return [];
    const { path, value } = operation;
    return typeof path === "string" ? [{ path: pointer(path), value, index }] : [];
  });
  const paths = new Set(set.map(({ path }) => path.slice(0, 2).join(".")));
  const isDelivery = ["spec.data", "spec.dataFrom", "spec.target", "spec.secretStoreRef"].some((one) => paths.has(one));
  const kind = named ?? (isDelivery ? "ExternalSecret" : undefined);
  const apiVersion = kind && apiVersionOfKind(kind);
  if (apiVersion === undefined) return [];
  const root: Record<string, unknown> = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
  for (const { path, value } of set) put(root, path, value);
  const isOn = (path: readonly string[], wanted: Path): boolean =>
    path.every((key, i) => i >= wanted.length || key === "-" || key === String(wanted[i]));
  return asSubject(root, (wanted) => {
    const setBy = set.find(({ path }) => isOn(path, wanted));
    return lineOf(setBy === undefined ? [] : [setBy.index, "path"]);
  });
}

function pointer(path: string): readonly string[] {
  const parts = path.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A higher index is a mistake, and would only create a long list of nothing. */
const longestList = 1000;

function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here: Record<string, unknown> | unknown[] = root;
  for (const [i, part] of path.entries()) {
    const key: string | number = !Array.isArray(here) ? part : Number(part) <= longestList ? Number(part) : here.length;
    const slots = here as Record<string | number, unknown>;
    const next: unknown = Object.hasOwn(slots, key) ? slots[key] : undefined;
    const inner: Record<string, unknown> | unknown[] =
      isRecord(next) || Array.isArray(next) ? next : /^(?:-|\d+)$/.test(path[i + 1] ?? "") ? [] : {};
    const set = i === path.length - 1 ? value : inner;
    // an own property even for a key such as __proto__
    Object.defineProperty(slots, key, { value: set, enumerable: true, configurable: true, writable: true });
    here = inner;
  }
}

function asSubject(object: Readonly<Record<string, unknown>>, lineOf: LineOf): readonly Located[] {
  const subject = subjectOfManifest(object, { id: "", name: `${nameOf(object)} (patch)`, isPatch: true });
  return subject === undefined ? [] : [{ subject, lineOf }];
}
