import { below, parseContent, splitDocuments, type Part } from "./documents.ts";
import { apiVersionOfKind, subjectOfManifest } from "./kinds.ts";
import { isRecord, type LineOf, type Path } from "./reading.ts";
import { nameOf, type SubjectWithLines } from "./subject.ts";

/** The object that a patch changes, as far as its kustomization says; a patch may name it itself. */
export interface PatchTarget {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A patch within a document: a text, or in Flux's objects the patch itself. */
interface InlinePatch {
  readonly path: Path;
  readonly patch: unknown;
  readonly target: PatchTarget;
}

/** Kinds that patch the objects that they collect or render. */
const patching =
  /^(?:kustomize\.config\.k8s\.io|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io|argoproj\.io)\//;
const patchFields: ReadonlySet<string> = new Set(["patches", "patchesJson6902", "patchesStrategicMerge"]);

export function mayPatch(content: unknown): content is Record<string, unknown> {
  return isRecord(content) && typeof content["apiVersion"] === "string" && patching.test(content["apiVersion"]);
}

/** The document without its patches, which are not objects on their own. */
export function withoutPatches(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPatches);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => !(patchFields.has(key) && Array.isArray(item)));
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutPatches(item)]));
}

function inlinePatches(value: unknown, base: Path = []): readonly InlinePatch[] {
  if (!isRecord(value) && !Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]): readonly InlinePatch[] => {
    const path = [...base, Array.isArray(value) ? Number(key) : key];
    if (!patchFields.has(key) || !Array.isArray(item)) return inlinePatches(item, path);
    return item.flatMap((one: unknown, i): readonly InlinePatch[] => {
      if (key === "patchesStrategicMerge") {
        // a text without a line break is the path of a file
        const isPatch = isRecord(one) || (typeof one === "string" && one.includes("\n"));
        return isPatch ? [{ path: [...path, i], patch: one, target: {} }] : [];
      }
      if (!isRecord(one) || (typeof one["patch"] !== "string" && typeof one["patch"] !== "object")) return [];
      return [{ path: [...path, i, "patch"], patch: one["patch"], target: targetIn(one) }];
    });
  });
}

/** @param entry - of `patches` or `patchesJson6902`. */
export function targetIn({ target }: Readonly<Record<string, unknown>>): PatchTarget {
  if (!isRecord(target)) return {};
  const keys = ["kind", "name", "namespace"].filter((key) => typeof target[key] === "string" && target[key] !== "");
  return Object.fromEntries(keys.map((key) => [key, target[key]]));
}

/** What the patches within a document set, each judged as a part of the object that it changes. */
export function patchSubjects({ content, lineOf }: Part): readonly SubjectWithLines[] {
  if (!mayPatch(content)) return [];
  return inlinePatches(content).flatMap(({ path, patch, target }) => {
    if (typeof patch === "string") return subjectsOfPatch(patch, target, (line) => lineOf(path, line));
    return subjectsOf({ content: patch, lineOf: below(lineOf, path) }, target);
  });
}

/** Lines of the patches within a document that only rendering shows in full. */
export function patchLines({ content, lineOf }: Part): readonly number[] {
  if (!mayPatch(content)) return [];
  return inlinePatches(content)
    .filter(({ patch, target }) => typeof patch !== "string" || mayTouchJudged(patch, target))
    .map(({ path }) => lineOf(path));
}

/** Whether a patch may change a kind that rules look at. Kustomize matches targets by regular expressions. */
export function mayTouchJudged(patch: string, { kind }: PatchTarget): boolean {
  const kinds = kind === undefined ? [...patch.matchAll(/^kind:\s*(\w+)/gm)].map(([, found = ""]) => found) : [kind];
  return kinds.length === 0 || kinds.some((one) => !/^\w+$/.test(one) || apiVersionOfKind(one) !== undefined);
}

/** @param lineIn - line of the file that a line of the patch is on. */
export function subjectsOfPatch(
  patch: string,
  target: PatchTarget,
  lineIn: (line: number) => number,
): readonly SubjectWithLines[] {
  return splitDocuments(patch).flatMap((document) => {
    try {
      const { content, lineOf } = parseContent(document);
      return subjectsOf({ content, lineOf: (path, line) => lineIn(lineOf(path, line)) }, target);
    } catch {
      return []; // listed as not judged
    }
  });
}

function subjectsOf({ content, lineOf }: Part, target: PatchTarget): readonly SubjectWithLines[] {
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
  target: PatchTarget,
): readonly SubjectWithLines[] {
  const set = operations.flatMap((operation, index) => {
    if (!isRecord(operation) || !("value" in operation) || operation["op"] === "test") return [];
    const { path, value } = operation;
    return typeof path === "string" ? [{ path: pointer(path), value, index }] : [];
  });
  const paths = new Set(set.map(({ path }) => path.slice(0, 2).join(".")));
  const isDelivery = ["spec.data", "spec.dataFrom", "spec.target", "spec.secretStoreRef"].some((one) => paths.has(one));
  const kind = target.kind ?? (isDelivery ? "ExternalSecret" : undefined);
  const apiVersion = kind && apiVersionOfKind(kind);
  if (apiVersion === undefined) return [];
  const { name, namespace } = target;
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
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
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

function asSubject(object: Readonly<Record<string, unknown>>, lineOf: LineOf): readonly SubjectWithLines[] {
  const subject = subjectOfManifest(object, { id: "", name: `${nameOf(object)} (patch)`, isPatch: true });
  return subject === undefined ? [] : [{ subject, lineOf }];
}
