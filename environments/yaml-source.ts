import { isCollection, isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { Finding } from "../domain/finding.ts";
import type { KeyPath } from "../domain/schema-findings.ts";

/** A YAML text with the lines of everything in it. */
export interface YamlSource {
  /** As the user would write it, such as `environments/catalogue.yaml`. */
  readonly file: string;
  readonly content: unknown;
  /** Keeps comments, for edits. */
  readonly document: Document.Parsed;
  /** `file:line` of a key path; of the nearest parent that is there. */
  readonly whereOf: (path: KeyPath, at: "key" | "value") => string;
  /** Mistakes of YAML itself, a repeated key among them. */
  readonly findings: readonly Finding[];
}

/** Reads a YAML text; its mistakes are findings, not exceptions. */
export function readYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  return {
    file,
    document,
    content: document.errors.length === 0 ? (document.toJS() as unknown) : undefined,
    whereOf: (path, at) => lineOf(offsetOf(document, path, at)),
    findings: document.errors.map(({ message, pos }) => ({
      code: "yaml-invalid",
      stage: "dotenv",
      severity: "error",
      where: lineOf(pos[0]),
      subject: file,
      problem: `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
      fix: "correct the line; lists and maps are told apart by their indentation",
    })),
  };
}

/** Offset of the last part of `path` that the document holds. */
function offsetOf(document: Document.Parsed, path: KeyPath, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) return offset;
      const last = depth === path.length - 1;
      const keyStart = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      const valueStart = isScalar(pair.value) ? pair.value.range?.[0] : undefined;
      offset = (last && at === "value" ? (valueStart ?? keyStart) : keyStart) ?? offset;
      node = pair.value;
    } else if (isCollection(node)) {
      const item: unknown = node.items[Number(key)];
      if (item === undefined) return offset;
      node = item;
      offset = (isScalar(item) || isCollection(item) ? item.range?.[0] : undefined) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}
