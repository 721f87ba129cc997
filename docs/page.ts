/** A generated page of the documentation. */
export interface Page {
  /** Relative to the repository, such as `docs/secrets.md`. */
  readonly path: string;
  /** The whole text. */
  readonly render: () => string;
}

/** A Markdown table; `|` within a cell is escaped, an empty cell is a dash. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (cell === "" ? "–" : cell.replaceAll("|", String.raw`\|`))).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Names in code type, in one cell. */
export function names(list: readonly string[]): string {
  return list.map((name) => `\`${name}\``).join(", ");
}

/** Escapes what Markdown would read as markup outside code spans: angle brackets, stars and double underscores. */
export function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll(/[<*]|(?<=_)_|_(?=_)/g, String.raw`\$&`)))
    .join("");
}
