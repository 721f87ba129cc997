/** One case throughout, words of a length that people write: `GHCR_TOKEN`, `langfuse.secret-key`. */
const variableLike = /^(?:[A-Z][A-Z0-9]{0,23}(?:[_.-]+[A-Z0-9]{1,24})*|[a-z][a-z0-9]{0,23}(?:[_.-]+[a-z0-9]{1,24})*)$/;

/**
 * A variable's name as messages may show it. A value of several lines that is not quoted spills over: dotenv then takes a
 * line of Base64 that ends in `=` for a variable, and naming that one would show a piece of the value.
 */
export function shownName(variable: string): string {
  return variable.length <= 80 && variableLike.test(variable) ? variable : "(a name that looks like part of a value)";
}
