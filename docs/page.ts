export interface Page {
  /** In the repository, such as `docs/secrets.md`. */
  readonly path: string;
  readonly render: () => string;
}

/** Escapes `|` in cells; an empty cell is a dash. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (cell === "" ? "–" : cell.replaceAll("|", String.raw`\|`))).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

export function names(list: readonly string[]): string {
  return list.map((name) => `\`${name}\``).join(", ");
}

/** Escapes angle brackets, stars and double underscores outside code spans. */
export function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll(/[<*]|(?<=_)_|_(?=_)/g, String.raw`\$&`)))
    .join("");
}
