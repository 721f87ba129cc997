import { safeLine } from "../domain/safe-text.ts";

/**
 * Formats a table for a terminal: columns as wide as their widest cell, separated by two blanks.
 *
 * @param rows - as many cells as the heading has. A character that would break the line is printed as its escape.
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(safeLine));
  const widths = heading.map((title, column) => Math.max(title.length, ...safe.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [heading, ...safe].map(line).join("\n");
}
