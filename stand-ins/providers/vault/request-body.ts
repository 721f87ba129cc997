import type { JsonObject } from "../property-value.ts";

/** `boundServiceAccountNames` to `bound_service_account_names`, as Vault's API spells it. */
function snakeCase(name: string): string {
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

/** What Vault answered under the SDK's names; empty values are left out unless the program gave one. */
export function responseFields(answer: JsonObject, fields: readonly string[], inputs: JsonObject): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = answer[snakeCase(field)];
      if (value === undefined || value === null) return [];
      const isEmpty = value === "" || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
      return isEmpty && inputs[field] === undefined ? [] : [[field, value] as const];
    }),
  );
}
