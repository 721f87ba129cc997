import { Lexer } from "yaml";

/** Real manifests have under 50 levels. A document with more than this would overflow the stack of its reader. */
export const deepestLevel = 200;

/** Each turn fixes one value; enough for the longest rendered chart. */
const mostFixes = 200;

/**
 * Indents continuation lines of quoted and flow values that begin left of their key: kubectl, Kustomize and Helm accept
 * them, the `yaml` library does not. Values and line numbers stay the same.
 *
 * @returns `undefined` if there are none.
 */
export function indentContinuations(text: string): string | undefined {
  let fixed = text;
  for (let turn = 0; turn < mostFixes; turn += 1) {
    const start = firstOutdented(fixed);
    const end = start === undefined ? undefined : endOfValue(fixed, start);
    if (start === undefined || end === undefined) break;
    const column = start - (fixed.lastIndexOf("\n", start) + 1);
    const pad = " ".repeat(column + 1);
    const value = fixed.slice(start, end).replaceAll(/\n[ \t]*(?=[^\s])/g, `\n${pad}`);
    const next = fixed.slice(0, start) + value + fixed.slice(end);
    if (next === fixed) break;
    fixed = next;
  }
  return fixed === text ? undefined : fixed;
}

/** Offset of the first quoted or flow value with a continuation line that the library refuses. */
function firstOutdented(text: string): number | undefined {
  let [offset, open, flowStart] = [0, 0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === "\u0018") return flowStart;
    if (token === "\u0002" || token === "\u001F") continue; // signs of the lexer, which are not in the text
    const [first] = token;
    if (first === "{" || first === "[") {
      if (open === 0) flowStart = offset;
      open += 1;
    } else if (first === "}" || first === "]") open = Math.max(0, open - 1);
    else if ((first === "'" || first === '"') && endOfQuote(text, offset) !== offset + token.length) {
      return open > 0 ? flowStart : offset;
    }
    offset += token.length;
  }
  return undefined;
}

/** Offset after the quote that ends the text that begins at `start`. */
function endOfQuote(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let i = start + 1; i < text.length; i += 1) {
    if (quote === '"' && text[i] === "\\") i += 1;
    else if (text[i] === quote) {
      if (quote !== "'" || text[i + 1] !== "'") return i + 1;
      i += 1;
    }
  }
  return undefined;
}

function endOfValue(text: string, start: number): number | undefined {
  if (text[start] === "'" || text[start] === '"') return endOfQuote(text, start);
  let open = 0;
  for (let i = start; i < text.length; i += 1) {
    const character = text[i];
    if (character === "{" || character === "[") open += 1;
    else if (character === "}" || character === "]") open -= 1;
    else if (character === "#" && /\s/.test(text[i - 1] ?? "")) i = endOfLine(text, i);
    else if ((character === "'" || character === '"') && /[\s,:{[]/.test(text[i - 1] ?? "")) {
      const end = endOfQuote(text, i);
      if (end === undefined) return undefined;
      i = end - 1;
    }
    if (open === 0) return i + 1;
  }
  return undefined;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/**
 * Whether a YAML text nests deeper than {@link deepestLevel}, measured before it is parsed: the library reads by recursion,
 * and a thousand levels would end the process.
 */
export function isTextTooDeep(text: string): boolean {
  if (!mayBeDeep(text)) return false;
  let [flow, deepest] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === "{" || token === "[") flow += 1;
    else if (token === "}" || token === "]") flow -= 1;
    else if (token === "\u0018") flow = 0;
    deepest = Math.max(deepest, flow);
  }
  return deepest > deepestLevel || blockLevels(text) > deepestLevel;
}

/** A cheap test for every document: many brackets, list items on one line, or columns of indentation. */
function mayBeDeep(text: string): boolean {
  let brackets = 0;
  for (let i = 0; i < text.length && brackets <= deepestLevel; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) brackets += 1;
  }
  return brackets > deepestLevel || /^(?:[ \t?-]){100}/m.test(text);
}

/** Levels of block style: each list item, key of a map and step of indentation is one. */
function blockLevels(text: string): number {
  const columns: number[] = [];
  let deepest = 0;
  for (const [lead] of text.matchAll(/^(?:[ \t]|[-?](?=\s))*(?=\S)/gm)) {
    const starts = [...lead.matchAll(/[-?]/g)].map(({ index }) => index);
    for (const column of [...starts, lead.length]) {
      while (columns.length > 0 && (columns.at(-1) ?? 0) >= column) columns.pop();
      columns.push(column);
      deepest = Math.max(deepest, columns.length);
    }
  }
  return deepest;
}

/** The same for a parsed value: Node's JSON parser has no limit. */
export function isValueTooDeep(value: unknown): boolean {
  const left: (readonly [unknown, number])[] = [[value, 1]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [item, level] = next;
    if (typeof item !== "object" || item === null) continue;
    if (level > deepestLevel) return true;
    for (const inner of Object.values(item)) {
      if (typeof inner === "object" && inner !== null) left.push([inner, level + 1]);
    }
  }
  return false;
}
