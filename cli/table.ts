import { safeLine } from "../domain/safe-text.ts";

/**
 * Lines of a table for a terminal: columns as wide as their widest cell, two blanks between, no rules.
 *
 * @param given - cells as they are to be read; every row as long as the heading. What would break a line is shown by its escape.
 */
export function table(heading: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(safeLine));
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [heading, ...rows].map(line).join("\n");
}
