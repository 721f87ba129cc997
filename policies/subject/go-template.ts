export interface TemplateKey {
  /** As written, without the dot: `langfuse-key`, `tls.crt`. */
  readonly key: string;
  /** Line of the text, from 1. */
  readonly line: number;
  /** Whether Go refuses it: a field's name has no dash and does not begin with a digit. */
  readonly isRefused: boolean;
}

/** Blocks in which the dot is not the data. */
const rebinding = /^(?:range|with|define|block)\b/;
const opening = /^(?:if|range|with|define|block)\b/;

/**
 * Keys that a template refers to: `.key`, `$.key` and `index . "key"`. Within `range` and `with`, only `$` is the data.
 * @see https://pkg.go.dev/text/template
 */
export function keysOfTemplate(text: string): readonly TemplateKey[] {
  const found: TemplateKey[] = [];
  const blocks: boolean[] = [];
  for (const { line, action, bare } of actionsOf(text)) {
    const isRebound = blocks.includes(true);
    for (const [, dollar, first = "", rest = ""] of bare.matchAll(/(?<![\w)\]$."])(\$?)\.([\w-]+)((?:\.[\w-]+)*)/g)) {
      const key = `${first}${rest}`;
      const isRefused = /-|^\d/.test(first);
      if (isRefused ? !/^\d+$/.test(first) : dollar === "$" || !isRebound) found.push({ key, line, isRefused });
    }
    for (const [, dollar, key = ""] of action.matchAll(/\bindex\s+([$.])\s+"([^"\\\s]+)"/g)) {
      if (dollar === "$" || !isRebound) found.push({ key, line, isRefused: false });
    }
    const statement = action.trim();
    if (opening.test(statement)) blocks.push(rebinding.test(statement));
    else if (/^end\b/.test(statement)) blocks.pop();
  }
  return found;
}

interface Action {
  readonly line: number;
  /** The text between `{{` and `}}`. */
  readonly action: string;
  /** The same with its strings emptied. */
  readonly bare: string;
}

/** The actions of a template, without comments. */
function* actionsOf(text: string): Generator<Action> {
  let [line, counted] = [1, 0];
  for (let start = text.indexOf("{{"); start >= 0;) {
    for (; counted < start; counted += 1) if (text[counted] === "\n") line += 1;
    const found = actionAt(text, start + 2);
    if (found === undefined) return;
    const { end, bare } = found;
    const action = text.slice(start + 2, end).replace(/^-(?=\s)/, "");
    if (!action.trimStart().startsWith("/*")) yield { line, action, bare };
    start = text.indexOf("{{", end + 2);
  }
}

/** Braces within a string of the action do not end it. */
function actionAt(text: string, from: number): { readonly end: number; readonly bare: string } | undefined {
  let [quote, bare]: [string | undefined, string] = [undefined, ""];
  for (let i = from; i < text.length; i += 1) {
    const character = text[i] ?? "";
    if (quote !== undefined) {
      if (character === "\\" && quote !== "`") i += 1;
      else if (character === quote) quote = undefined;
    } else if (character === '"' || character === "`") {
      quote = character;
      bare += '""';
    } else if (character === "}" && text[i + 1] === "}") return { end: i, bare };
    else bare += character;
  }
  return undefined;
}
