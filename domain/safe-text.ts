/** Control characters, line separators, and characters that turn the direction of text or are not seen. */
const unseen = /[\p{Cc}\u2028\u2029\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu;

/**
 * Foreign text on one line: what would break it, move the cursor or hide something is escaped, and so are `::` at the
 * beginning of a line and `##[`, which are commands to GitHub's runner.
 */
export function safeLine(text: string): string {
  return withoutRunnerCommands(text.replaceAll(unseen, escaped).replaceAll("\\u000a", String.raw`\n`));
}

/** The escape of each character that {@link safeLine} shows, but for line breaks and those that `isOurs` accepts. */
export function safeText(text: string, isOurs: (rest: string) => boolean = () => false): string {
  return text.replaceAll(unseen, (character, at: number) =>
    character === "\n" || character === "\t" || isOurs(text.slice(at, at + 8)) ? character : escaped(character),
  );
}

/** One line or several, of which none is a command to GitHub's runner. */
export function withoutRunnerCommands(text: string): string {
  return text.replaceAll("##[", String.raw`#\#[`).replaceAll(/^([^\S\n\r\u2028\u2029]*):(?=:)/gm, String.raw`$1\:`);
}

/** As JSON writes it, so that a JSON document stays the same document. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** One word of a POSIX shell, in quotes where it needs them: for foreign names in a command that is pasted. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Breaks a line between words and indents what follows. A longer word stays whole: people copy paths and names.
 * @param indent - columns before what goes on.
 * @param columns - @default - the line stays as it is
 */
export function wrapped(line: string, indent: number, columns?: number): string {
  if (columns === undefined || line.length <= columns || columns <= 2 * indent) return line;
  const lines: string[] = [];
  let left = line;
  while (left.length > columns) {
    const start = left.length - left.trimStart().length;
    const within = left.lastIndexOf(" ", columns);
    const at = within > start ? within : left.indexOf(" ", columns);
    if (at === -1) break;
    lines.push(left.slice(0, at).trimEnd());
    left = " ".repeat(indent) + left.slice(at + 1).trimStart();
  }
  return [...lines, left].join("\n");
}
