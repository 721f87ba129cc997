import { isCollection, isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";
import type { Finding } from "../domain/finding.ts";
import { type KeyPath, valueAt } from "../domain/schema-findings.ts";

/** A YAML text with the lines of everything in it. */
export interface YamlSource {
  readonly content: unknown;
  /** `file:line` of a key path; of the nearest parent that is there. */
  readonly whereOf: (path: KeyPath, at: "key" | "value") => string;
  /** Mistakes of YAML itself, a repeated key among them. */
  readonly findings: readonly Finding[];
}

/** Mistakes of the YAML are findings. `file` as the user would write it, such as `environments/catalogue.yaml`. */
export function readYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  return {
    content: document.errors.length === 0 ? (document.toJS() as unknown) : undefined,
    whereOf: (path, at) => lineOf(offsetOf(document, path, at)),
    findings: document.errors.map(({ message, pos }) => ({
      code: "yaml-invalid",
      stage: "dotenv",
      severity: "error",
      where: lineOf(pos[0]),
      subject: file,
      problem: `not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
      fix: "correct the line; check the indentation of lists and maps",
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

/** Keys that a schema allows at a path; empty where any is. `document` decides which member of a union holds. */
export function keysAt(schema: z.ZodType, document: unknown, path: KeyPath): readonly string[] {
  let current: unknown = schema;
  for (const [depth, key] of path.entries()) {
    current = childOf(unwrap(current, valueAt(document, path.slice(0, depth))), key);
  }
  const reached = unwrap(current, valueAt(document, path));
  return reached instanceof z.ZodObject ? Object.keys(reached.shape) : [];
}

function childOf(schema: unknown, key: string | number): unknown {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, unknown>)[key];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

/** The schema under `optional` and `default`; of a union the member with the discriminator in the document. */
function unwrap(schema: unknown, found: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap(), found);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const written = valueAt(found, [discriminator]);
    const member = schema.options.find(
      (option) =>
        option instanceof z.ZodObject &&
        (option.shape as Record<string, z.ZodType>)[discriminator]?.safeParse(written).success,
    );
    return member ?? schema;
  }
  return schema;
}
