/** A reference of a Go template to a key of its data, or to one that Go cannot read. */
export interface TemplateKey {
  /** As written, without the dot: `langfuse-key`, `tls.crt`. */
  readonly key: string;
  /** Line of the text, from 1. */
  readonly line: number;
  /** Whether Go refuses the action: a dash or a digit at the start is no part of a field's name. */
  readonly isRefused: boolean;
}

/** Blocks in which the dot is something else than the data. */
const rebinding = /^(?:range|with|define|block)\b/;
const opening = /^(?:if|range|with|define|block)\b/;

/**
 * Keys that a template refers to: `.key`, `$.key` and `index . "key"`. Within `range` and `with` the dot means something
 * else, so only `$` counts there.
 *
 * @see https://pkg.go.dev/text/template
 */
export function keysOfTemplate(text: string): readonly TemplateKey[] {
  const found: TemplateKey[] = [];
  const blocks: boolean[] = [];
  for (const { index, action } of actionsOf(text)) {
    const line = (text.slice(0, index).match(/\n/g)?.length ?? 0) + 1;
    const isRebound = blocks.includes(true);
    const bare = action.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'/g, '""');
    for (const [, dollar, first = "", rest = ""] of bare.matchAll(/(?<![\w)\]$."])(\$?)\.([\w-]+)((?:\.[\w-]+)*)/g)) {
      const key = `${first}${rest}`;
      const isRefused = /-|^\d/.test(first);
      if (isRefused ? !/^\d+$/.test(first) : dollar === "$" || !isRebound) found.push({ key, line, isRefused });
    }
    for (const [, dollar, key = ""] of action.matchAll(/\bindex\s+(\$?)\.?\s+"([^"\\]+)"/g)) {
      if (dollar === "$" || !isRebound) found.push({ key, line, isRefused: false });
    }
    const statement = action.trim();
    if (opening.test(statement)) blocks.push(rebinding.test(statement));
    else if (/^end\b/.test(statement)) blocks.pop();
  }
  return found;
}

/** The text between `{{` and `}}`, without comments. */
function* actionsOf(text: string): Generator<{ readonly index: number; readonly action: string }> {
  for (let start = text.indexOf("{{"); start >= 0;) {
    const end = endOfAction(text, start + 2);
    if (end === undefined) return;
    const action = text
      .slice(start + 2, end)
      .replace(/^-(?=\s)/, "")
      .replace(/(?<=\s)-$/, "");
    if (!action.trimStart().startsWith("/*")) yield { index: start, action };
    start = text.indexOf("{{", end + 2);
  }
}

/** Braces within a text of the action do not end it. */
function endOfAction(text: string, from: number): number | undefined {
  let quote: string | undefined;
  for (let i = from; i < text.length; i += 1) {
    const character = text[i];
    if (quote !== undefined) {
      if (character === "\\" && quote !== "`") i += 1;
      else if (character === quote) quote = undefined;
    } else if (character === '"' || character === "`") quote = character;
    else if (character === "}" && text[i + 1] === "}") return i;
  }
  return undefined;
}
