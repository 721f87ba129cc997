import { basename, dirname, join } from "node:path";
import { isDotenvFile } from "../../domain/dotenv/files.ts";
import { parseContent, splitDocuments, type Part } from "../subject/documents.ts";
import { targetIn, type PatchTarget } from "../subject/patches.ts";
import { environmentOfNamespace } from "../environment.ts";
import { isRecord, list, text, textsOf } from "../subject/reading.ts";
import { makeSubject, type Located } from "../subject/subject.ts";
import type { SourceFile } from "./paths.ts";

export function isKustomization(file: string): boolean {
  return /^kustomization\.ya?ml$|^Kustomization$/.test(basename(file));
}

/** A kustomization may leave out `apiVersion` and `kind`; Kustomize recognises its file name. */
export function asKustomization(content: unknown): unknown {
  if (!isRecord(content)) return content;
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...content };
}

/** An entry of `configMapGenerator` or `secretGenerator` that reads a file of variables. */
interface Generator {
  readonly kind: "ConfigMap" | "Secret";
  /** Of the object that Kustomize creates, without its hash. */
  readonly name: string;
  readonly namespace: string | undefined;
  /** The key that gets the whole file; `undefined` if each line is a key. */
  readonly key: string | undefined;
}

export interface Kustomized {
  /** By path: files that patch an object. */
  readonly patches: ReadonlyMap<string, PatchTarget>;
  /** By path: files of variables from which Kustomize creates ConfigMaps and Secrets. */
  readonly generators: ReadonlyMap<string, readonly Generator[]>;
}

export function readKustomizations(sources: readonly SourceFile[]): Kustomized {
  const patches = new Map<string, PatchTarget>();
  const generators = new Map<string, Generator[]>();
  for (const { file, text: written } of sources.filter((source) => isKustomization(source.file))) {
    for (const document of splitDocuments(written)) {
      try {
        const { content } = parseContent(document);
        if (!isRecord(content)) continue;
        for (const [path, target] of patchesIn(content)) patches.set(join(dirname(file), path), target);
        for (const [path, generator] of generatorsIn(content)) {
          const key = join(dirname(file), path);
          generators.set(key, [...(generators.get(key) ?? []), generator]);
        }
      } catch {
        // reported as unparsable where it is judged
      }
    }
  }
  return { patches, generators };
}

function patchesIn(content: Readonly<Record<string, unknown>>): readonly (readonly [path: string, PatchTarget])[] {
  const listed = ["patches", "patchesJson6902"].flatMap((key) => list(content, key)).filter(isRecord);
  return [
    ...textsOf(content, "patchesStrategicMerge").map((path) => [path, {}] as const),
    ...listed.flatMap((entry) => {
      const path = text(entry, "path");
      return path === undefined ? [] : [[path, targetIn(entry)] as const];
    }),
  ];
}

const generatorFields = { ConfigMap: "configMapGenerator", Secret: "secretGenerator" } as const;

function generatorsIn(content: unknown): readonly (readonly [path: string, Generator])[] {
  return (["ConfigMap", "Secret"] as const).flatMap((kind) =>
    list(content, generatorFields[kind]).flatMap((entry) => {
      const name = text(entry, "name") ?? "";
      const namespace = text(entry, "namespace") ?? text(content, "namespace");
      const read = (path: string, key?: string) => [path, { kind, name, namespace, key }] as const;
      const found = [
        ...[...textsOf(entry, "envs"), text(entry, "env") ?? []].flat().map((path) => read(path)),
        ...textsOf(entry, "files").map((file) => {
          const [, key, path = file] = /^([^=]+)=(.+)$/.exec(file) ?? [];
          return read(path, key ?? basename(path));
        }),
      ];
      return found.filter(([path]) => isDotenvFile(path));
    }),
  );
}

export function subjectsOfGenerated(
  file: string,
  written: string,
  generators: readonly Generator[],
): readonly Located[] {
  return generators.map(({ kind, name, namespace, key }) => {
    const { values, lines } = key === undefined ? linesOf(written) : { values: { [key]: written }, lines: new Map() };
    const object = { metadata: { name }, [kind === "Secret" ? "stringData" : "data"]: values };
    const label = `${name} of ${generatorFields[kind]}`;
    const subject = makeSubject({ kind, type: `v1/${kind}`, origin: "document", object, id: file, name: label });
    const environment = environmentOfNamespace(namespace);
    return { subject, ...(environment && { environment }), lineOf: ([, variable]) => lines.get(variable) ?? 1 };
  });
}

/** `NAME=value` as Kustomize reads it: quotes are part of the value; a name without `=` comes from the environment. */
function linesOf(written: string): { values: Record<string, string>; lines: ReadonlyMap<unknown, number> } {
  const values: Record<string, string> = {};
  const lines = new Map<unknown, number>();
  for (const [i, line] of written.split("\n").entries()) {
    const [, variable, value] = /^\s*([^#=\s][^=]*)=(.*?)\r?$/.exec(line) ?? [];
    if (variable === undefined || value === undefined) continue;
    values[variable] = value;
    lines.set(variable, i + 1);
  }
  return { values, lines };
}

/** Lines of a kustomization with charts or remote resources, which only rendering shows, and why. */
export function unrenderedIn({ content, lineOf }: Part): readonly (readonly [line: number, reason: string])[] {
  if (!isRecord(content) || content["kind"] !== "Kustomization") return [];
  if (!String(content["apiVersion"]).startsWith("kustomize.config.k8s.io/")) return [];
  const remote = /^(?:https?:\/\/|git@|git::|ssh:\/\/|[\w.-]+\.[a-z]+\/[\w.-]+\/)/;
  const find = (keys: readonly string[], what: string, isFound: (item: unknown) => boolean) =>
    keys.flatMap((key) =>
      list(content, key).flatMap((item, i) =>
        isFound(item) ? [[lineOf([key, i]), `${what}; ${renderFirst}`] as const] : [],
      ),
    );
  return [
    ...find(["helmCharts", "helmChartInflationGenerator"], "renders a chart", () => true),
    ...find(
      ["resources", "bases", "components"],
      "uses resources of another repository",
      (item) => typeof item === "string" && remote.test(item),
    ),
  ];
}

export const renderFirst = "render it first: kustomize build ... | ameide-secrets lint -";
