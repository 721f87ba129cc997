import { parseContent, splitDocuments, type LineOf } from "./documents.ts";
import { apiVersionOfKind, kindOfManifest } from "./kinds.ts";
import { below, type Embedded, type Part } from "./parts.ts";
import { isRecord, type Path } from "./reading.ts";
import { makeSubject, nameOf } from "./subject.ts";

/** Which object a patch is laid over, as far as its kustomization says; a patch may name it itself. */
export interface PatchTarget {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** A patch that is written within a document: a text, or in Flux's objects the patch itself. */
interface InlinePatch {
  readonly path: Path;
  readonly patch: unknown;
  readonly target: PatchTarget;
}

/** Kinds that lay patches over what they collect or render. */
const patching =
  /^(?:kustomize\.config\.k8s\.io|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io|argoproj\.io)\//;
const patchFields: ReadonlySet<string> = new Set(["patches", "patchesJson6902", "patchesStrategicMerge"]);

/** Whether a document may hold patches of Kustomize, as its own fields or as those of a source or a renderer. */
export function mayPatch(content: unknown): content is Record<string, unknown> {
  return isRecord(content) && typeof content["apiVersion"] === "string" && patching.test(content["apiVersion"]);
}

/** The same document without its patches, which are no objects by themselves. */
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
    return item.flatMap((one: unknown, i) => {
      if (key === "patchesStrategicMerge") {
        // a text without a line break is the path of a file
        return isRecord(one) || (typeof one === "string" && one.includes("\n"))
          ? [{ path: [...path, i], patch: one, target: {} }]
          : [];
      }
      if (!isRecord(one) || (typeof one["patch"] !== "string" && typeof one["patch"] !== "object")) return [];
      return [{ path: [...path, i, "patch"], patch: one["patch"], target: targetIn(one) }];
    });
  });
}

/** @param entry - of `patches` or `patchesJson6902`. */
export function targetIn(entry: Readonly<Record<string, unknown>>): PatchTarget {
  const { target } = entry;
  if (!isRecord(target)) return {};
  const named = (key: string): string | undefined => (typeof target[key] === "string" ? target[key] : undefined);
  const [kind, name, namespace] = [named("kind"), named("name"), named("namespace")];
  return { ...(kind && { kind }), ...(name && { name }), ...(namespace && { namespace }) };
}

/** What the patches within a document set, each judged as a part of the object that it is laid over. */
export function patchSubjects({ content, lineOf }: Part): readonly Embedded[] {
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

/** Whether a patch may be laid over a kind that rules look at. */
export function mayTouchJudged(patch: string, target: PatchTarget): boolean {
  const kinds =
    target.kind === undefined ? [...patch.matchAll(/^kind:\s*(\w+)/gm)].map(([, kind]) => kind) : [target.kind];
  return kinds.length === 0 || kinds.some((kind) => kind !== undefined && isPattern(kind));
}

/** Kustomize matches targets by regular expressions. */
function isPattern(kind: string): boolean {
  return !/^\w+$/.test(kind) || apiVersionOfKind(kind) !== undefined;
}

/** @param lineIn - line of the file that a line of the patch is on. */
export function subjectsOfPatch(
  patch: string,
  target: PatchTarget,
  lineIn: (line: number) => number,
): readonly Embedded[] {
  return splitDocuments(patch).flatMap((document) => {
    try {
      const { content, lineOf } = parseContent(document);
      return subjectsOf({ content, lineOf: (path, line) => lineIn(lineOf(path, line)) }, target);
    } catch {
      return []; // listed as not judged
    }
  });
}

function subjectsOf(part: Part, target: PatchTarget): readonly Embedded[] {
  if (Array.isArray(part.content)) return fromOperations(part.content, part.lineOf, target);
  if (!isRecord(part.content)) return [];
  const { kind = target.kind, apiVersion } = part.content;
  if (typeof kind !== "string") return [];
  return asSubject({ ...part.content, kind, apiVersion: apiVersion ?? apiVersionOfKind(kind) }, part.lineOf);
}

/** JSON Patch: what its operations set, at the paths that they name. @see https://www.rfc-editor.org/rfc/rfc6902 */
function fromOperations(operations: readonly unknown[], lineOf: LineOf, target: PatchTarget): readonly Embedded[] {
  const set = operations.flatMap((operation, i) => {
    if (!isRecord(operation) || !("value" in operation) || operation["op"] === "test") return [];
    const { path, value } = operation;
    return typeof path === "string" ? [{ path: pointer(path), value, index: i }] : [];
  });
  const paths = new Set(set.map(({ path }) => path.slice(0, 2).join(".")));
  const isDelivery = ["spec.data", "spec.dataFrom", "spec.target", "spec.secretStoreRef"].some((one) => paths.has(one));
  const kind = target.kind ?? (isDelivery ? "ExternalSecret" : undefined);
  const apiVersion = kind === undefined ? undefined : apiVersionOfKind(kind);
  if (kind === undefined || apiVersion === undefined) return [];
  const { name, namespace } = target;
  const root: Record<string, unknown> = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
  for (const { path, value } of set) put(root, path, value);
  return asSubject(root, (wanted) => {
    const setBy = set.find(({ path }) => path.every((key, i) => i >= wanted.length || same(key, wanted[i])));
    return lineOf(setBy === undefined ? [] : [setBy.index, "path"]);
  });
}

function same(written: string, key: string | number | undefined): boolean {
  return written === "-" || written === String(key);
}

function pointer(path: string): readonly string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** An index further out than this is a slip, and would only make a long list of nothing. */
const longestList = 1000;

function put(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let here: Record<string, unknown> | unknown[] = root;
  for (const [i, part] of path.entries()) {
    const index = part === "-" ? undefined : Number(part);
    const key: string | number = Array.isArray(here)
      ? index === undefined || !(index <= longestList)
        ? here.length
        : index
      : part;
    const slots = here as Record<string | number, unknown>;
    if (i === path.length - 1) {
      Object.defineProperty(slots, key, { value, enumerable: true, configurable: true, writable: true });
      return;
    }
    const next: unknown = Object.hasOwn(slots, key) ? slots[key] : undefined;
    const inner: Record<string, unknown> | unknown[] =
      isRecord(next) || Array.isArray(next) ? next : /^(?:-|\d+)$/.test(path[i + 1] ?? "") ? [] : {};
    Object.defineProperty(slots, key, { value: inner, enumerable: true, configurable: true, writable: true });
    here = inner;
  }
}

function asSubject(object: Readonly<Record<string, unknown>>, lineOf: LineOf): readonly Embedded[] {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return [];
  const known = kindOfManifest(apiVersion, kind);
  if (known === undefined) return [];
  const type = `${apiVersion}/${kind}`;
  const name = `${nameOf(object)} (patch)`;
  return [
    { subject: makeSubject({ kind: known, type, origin: "document", object, id: "", name, isPatch: true }), lineOf },
  ];
}
