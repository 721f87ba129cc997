import { basename, dirname, join } from "node:path";
import { isDotenvFile } from "../../domain/dotenv/files.ts";
import { parseContent, splitDocuments } from "../subject/documents.ts";
import { isRecord, list, text, textsOf, type Path } from "../subject/reading.ts";
import { makeSubject, type Subject } from "../subject/subject.ts";
import { isKustomization } from "./kustomize.ts";
import type { SourceFile } from "./paths.ts";

/** An entry of `configMapGenerator` or `secretGenerator` that reads a file. */
export interface Generator {
  readonly kind: "ConfigMap" | "Secret";
  /** Of the object that Kustomize creates, without its hash. */
  readonly name: string;
  readonly namespace: string | undefined;
  /** The one key that the whole file becomes; `undefined` if each line is a key of its own. */
  readonly key: string | undefined;
}

/** Files of variables that a kustomization makes ConfigMaps and Secrets of: inputs of Kustomize, not of this pipeline. */
export function generatorFiles(sources: readonly SourceFile[]): ReadonlyMap<string, readonly Generator[]> {
  const kustomizations = sources.filter(({ file }) => isKustomization(file));
  const found = kustomizations.flatMap(({ file, text: written }) =>
    generatorsOf(written).map(([path, generator]) => ({ path: join(dirname(file), path), generator })),
  );
  const byPath = Map.groupBy(found, ({ path }) => path);
  return new Map([...byPath].map(([path, entries]) => [path, entries.map(({ generator }) => generator)]));
}

function generatorsOf(written: string): readonly (readonly [path: string, generator: Generator])[] {
  return splitDocuments(written).flatMap((document) => {
    try {
      const { content } = parseContent(document);
      return isRecord(content)
        ? ["configMapGenerator", "secretGenerator"].flatMap((field) =>
            list(content, field).flatMap((_, i) => entry(content, field, i)),
          )
        : [];
    } catch {
      return []; // reported as unparsable where it is judged
    }
  });
}

function entry(content: unknown, field: string, i: number): readonly (readonly [string, Generator])[] {
  const kind = field === "secretGenerator" ? "Secret" : "ConfigMap";
  const name = text(content, field, i, "name") ?? "";
  const namespace = text(content, field, i, "namespace") ?? text(content, "namespace");
  const old = text(content, field, i, "env");
  const lines = [...textsOf(content, field, i, "envs"), ...(old === undefined ? [] : [old])];
  const whole = textsOf(content, field, i, "files").map((file) => {
    const [, key, path = file] = /^([^=]+)=(.+)$/.exec(file) ?? [];
    return [path, { kind, name, namespace, key: key ?? basename(path) }] as const;
  });
  return [...lines.map((path) => [path, { kind, name, namespace, key: undefined }] as const), ...whole].filter(
    ([path]) => isDotenvFile(path),
  );
}

interface Generated {
  readonly subject: Subject;
  readonly namespace: string | undefined;
  readonly lineOf: (path: Path) => number;
}

/** The objects that Kustomize creates of a file, as far as the file fills them. */
export function subjectsOfGenerated(
  file: string,
  written: string,
  generators: readonly Generator[],
): readonly Generated[] {
  return generators.map(({ kind, name, namespace, key }) => {
    const { values, lines } = key === undefined ? linesOf(written) : { values: { [key]: written }, lines: new Map() };
    const object = { metadata: { name }, [kind === "Secret" ? "stringData" : "data"]: values };
    const title = `${name} of ${kind === "Secret" ? "secretGenerator" : "configMapGenerator"}`;
    return {
      subject: makeSubject({ kind, type: `v1/${kind}`, origin: "document", object, id: file, name: title }),
      namespace,
      lineOf: ([, variable]) => lines.get(variable) ?? 1,
    };
  });
}

/** `NAME=value` as Kustomize reads it: quotes are part of the value, and a name alone is taken from the environment. */
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
