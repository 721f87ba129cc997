import type { Json, JsonObject } from "../property-value.ts";

/** `boundServiceAccountNames` to `bound_service_account_names`, as Vault's API spells it. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The given inputs under the names of Vault's API. */
export function requestBody(inputs: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = inputs[field];
      return value === undefined ? [] : [[snakeCase(field), value] as const];
    }),
  );
}

/** What Vault answered under the SDK's names. */
export function responseFields(answer: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = answer[snakeCase(field)];
      return value === undefined || value === null ? [] : [[field, value] as const];
    }),
  );
}

export const unitSeconds = { h: 3600, m: 60, s: 1 };

/** `1h30m` and the like; a number is seconds already. */
export function durationInSeconds(value: Json | undefined): number {
  if (typeof value !== "string") return Number(value ?? 0);
  const parts = [...value.matchAll(/(\d+)([smh])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitSeconds[unit as "h" | "m" | "s"], 0);
}
