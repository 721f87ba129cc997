/**
 * Breaks a line between its words, so that what goes on stands under where it began. A word that is longer stays whole: it
 * may be a path or a name that is copied.
 *
 * @param indent - columns before what goes on.
 * @param columns - @default - the line stays as it is
 */
export function wrapped(line: string, indent: number, columns?: number): string {
  if (columns === undefined || line.length <= columns || columns <= 2 * indent) return line;
  const lines: string[] = [];
  let left = line;
  while (left.length > columns) {
    const start = lines.length === 0 ? 0 : indent;
    const within = left.lastIndexOf(" ", columns);
    const at = within > start ? within : left.indexOf(" ", columns);
    if (at === -1) break;
    lines.push(left.slice(0, at));
    left = " ".repeat(indent) + left.slice(at + 1);
  }
  return [...lines, left].join("\n");
}
