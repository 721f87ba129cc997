import { isRecord, unknownValue } from "./reading.ts";

/** What a template's expression may refer to. */
export interface Scope {
  /** `{ name: { value, defaultValue } }`: what the deployment passes, and what the template declares. */
  readonly parameters: unknown;
  readonly variables: unknown;
}

/** Calls in one text: names need a handful, and one that refers to itself must end. */
const mostCalls = 200;

/**
 * A text of an ARM template with its expression worked out, as far as names need it: `concat`, `format`, `toLower`,
 * `parameters`, `variables` and literals.
 *
 * @returns the text; {@link unknownValue} stands for each part that only Azure can compute.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
export function evaluateExpression(value: unknown, scope: Scope): string {
  let calls = 0;

  function evaluate(text: unknown): string {
    if (typeof text === "number") return String(text);
    if (typeof text !== "string") return unknownValue;
    if (text.startsWith("[[")) return text.slice(1);
    const [, expression] = /^\[(.*)\]$/s.exec(text) ?? [];
    return expression === undefined ? text : call(expression.trim());
  }

  function call(expression: string): string {
    const [, literal] = /^'((?:[^']|'')*)'$/s.exec(expression) ?? [];
    if (literal !== undefined) return literal.replaceAll("''", "'");
    if (/^\d+$/.test(expression)) return expression;
    const [, name = "", inside] = /^(\w+)\((.*)\)$/s.exec(expression) ?? [];
    if (inside === undefined || (calls += 1) > mostCalls) return unknownValue;
    const parts = argumentsOf(inside).map(call);
    const [first = "", ...rest] = parts;
    switch (name.toLowerCase()) {
      case "concat":
        return parts.join("");
      case "format":
        return first.replaceAll(/\{(\d+)\}/g, (_, i: string) => rest[Number(i)] ?? unknownValue);
      case "tolower":
        return first.toLowerCase();
      case "variables":
        return evaluate(memberOf(scope.variables, first));
      case "parameters": {
        const parameter = memberOf(scope.parameters, first);
        return evaluate(memberOf(parameter, "value") ?? memberOf(parameter, "defaultValue"));
      }
      default:
        return unknownValue;
    }
  }

  return evaluate(value);
}

function memberOf(object: unknown, key: string): unknown {
  return isRecord(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Splits at the commas that are in no parentheses and in no literal. */
function argumentsOf(inside: string): readonly string[] {
  const parts: string[] = [];
  let [start, open, quoted] = [0, 0, false];
  for (let i = 0; i < inside.length; i += 1) {
    const character = inside[i];
    if (character === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(" || character === "[") open += 1;
    else if (character === ")" || character === "]") open -= 1;
    else if (character === "," && open === 0) {
      parts.push(inside.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(inside.slice(start).trim());
  return parts;
}
