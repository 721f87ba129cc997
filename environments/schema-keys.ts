import { z } from "zod";
import { valueAt, type KeyPath } from "../domain/schema-findings.ts";

/**
 * Keys that a schema allows at a path, for the nearest match of a misspelt one.
 *
 * @param document - decides which member of a union holds, by the discriminator that is written there.
 * @returns empty where any key is allowed, or none is.
 */
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

/** The schema under `optional` and `default`; of a union the member whose discriminator the document holds. */
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
