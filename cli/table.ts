import { safeLine, wrapped } from "../domain/safe-text.ts";

/**
 * Columns are as wide as their widest cell. If the table is wider than the terminal, the widest columns get narrower and
 * their cells continue on the next line. A character that would break the line is printed as its escape.
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], columns = Infinity): string {
  const cells = [heading, ...rows.map((row) => row.map(safeLine))];
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const longest = heading.map((_, column) =>
    Math.max(...cells.flatMap((row) => row[column]?.split(" ").map((word) => word.length) ?? [])),
  );
  const narrow = (): number | undefined => {
    const able = widths.flatMap((width, column) => (width > (longest[column] ?? 0) ? [column] : []));
    return able.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
  };
  const total = () => widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1));
  for (let widest = narrow(); total() > columns && widest !== undefined; widest = narrow())
    widths[widest] = (widths[widest] ?? 1) - 1;
  return cells
    .flatMap((row) => {
      const parts = row.map((cell, column) => wrapped(cell, 0, widths[column]).split("\n"));
      return Array.from({ length: Math.max(...parts.map(({ length }) => length)) }, (_, line) =>
        parts
          .map((part, column) => (part[line] ?? "").padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd(),
      );
    })
    .join("\n");
}

/** A command, a fix with one, and what goes into a file: each must stay in one line to be copied. */
const programs = "(?:ameide-secrets|kubectl|az|npm|pulumi|terraform|vault|helm)";
/** Only where a command begins: these are also words. */
const others = "(?:argocd|chmod|cp|git|mkdir|unset)";
const copied = new RegExp(
  `^\\s*(?:[\\w ]+: +)?(?:\\S*/)?(?:${programs}|${others}|\\w+=\\S*|#) |^\\s*(?:fix|by hand): .*${programs} |^ *(?:see:|\\w+ =) |^ *(?:- )?(?:\\S+: )?\\{ `,
);

/** Breaks long lines between words and indents the rest. Commands stay in one line. Without `columns`, nothing changes. */
export function fitted(text: string, columns: number | undefined): string {
  if (columns === undefined) return text;
  return text
    .split("\n")
    .map((line) => {
      if (line.length <= columns || copied.test(line)) return line;
      const [label = ""] = /^\s*(?:[\w-]+(?: [\w-]+)?: +)?/.exec(line) ?? [];
      return wrapped(line, label.length === 0 ? 2 : label.length, columns);
    })
    .join("\n");
}

/** The first six names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = 6;
  const rest = names.length - shown;
  return names.slice(0, shown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
