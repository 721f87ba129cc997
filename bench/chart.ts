export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [size: number, value: number])[];
  /** Drawn with dashes. */
  readonly isFloor: boolean;
}

const [width, height] = [760, 380];
const area = { left: 70, right: 500, top: 20, bottom: 330 };
/** Readable on white and on black; further lines are distinguished by their names only. */
const colours = ["#2a78d0", "#d0642a", "#2a9d5c", "#a259c4"];

/**
 * Both axes are logarithmic. The SVG follows the reader's light or dark theme, also as an image in Markdown.
 *
 * @param lines - at least two points in total; values above 0.
 * @param unit - text of a value on the axis.
 */
export function lineChart(
  title: string,
  lines: readonly Line[],
  sizedBy: string,
  unit: (value: number) => string,
): string {
  const points = lines.flatMap((line) => line.points);
  const x = scale(
    points.map(([size]) => size),
    area.left,
    area.right,
  );
  const y = scale(
    points.map(([, value]) => value),
    area.bottom,
    area.top,
  );
  const colourOf = new Map(
    lines.filter((line) => !line.isFloor).map(({ name }, n) => [name, colours[n % colours.length]]),
  );
  const sizes = [...new Set(points.map(([size]) => size))];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.grid { stroke: #d1d9e0 } .floor { stroke: #656d76; stroke-dasharray: 5 4 } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #3d444d } .floor { stroke: #9198a1 } }
</style>
${sizes.map((size) => `<line class="grid" x1="${x(size)}" x2="${x(size)}" y1="${area.top}" y2="${area.bottom}"/><text x="${x(size)}" y="${area.bottom + 18}" text-anchor="middle">${size.toLocaleString("en")}</text>`).join("\n")}
${decades(points.map(([, value]) => value))
  .map(
    (value) =>
      `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${y(value)}" y2="${y(value)}"/><text x="${area.left - 8}" y="${y(value) + 4}" text-anchor="end">${unit(value)}</text>`,
  )
  .join("\n")}
<text x="${(area.left + area.right) / 2}" y="${height - 12}" text-anchor="middle">${escaped(sizedBy)}</text>
${apart(lines.map((line) => y(line.points.at(-1)?.[1] ?? 1)))
  .map((labelAt, n) => drawn(lines[n] as Line, labelAt))
  .join("\n")}
</svg>
`;

  function drawn({ name, points: own, isFloor }: Line, labelAt: number): string {
    const stroke = isFloor ? "" : ` stroke="${colourOf.get(name) ?? ""}"`;
    const path = own.map(([size, value]) => `${x(size)},${y(value)}`).join(" ");
    const dots = own.map(
      ([size, value]) =>
        `<circle cx="${x(size)}" cy="${y(value)}" r="3"${stroke.replace("stroke", "fill")}><title>${size}: ${unit(value)}</title></circle>`,
    );
    const [lastSize = 1, lastValue = 1] = own.at(-1) ?? [];
    const lead = `<line class="grid" x1="${x(lastSize)}" y1="${y(lastValue)}" x2="${area.right + 12}" y2="${labelAt}"/>`;
    const label = `<text x="${area.right + 16}" y="${labelAt + 4}">${escaped(name)}</text>`;
    return [
      lead,
      `<polyline class="line${isFloor ? " floor" : ""}"${stroke} points="${path}"/>`,
      ...(isFloor ? [] : dots),
      label,
    ].join("");
  }
}

function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => Math.round(from + ((Math.log(value) - least) / (most - least || 1)) * (to - from));
}

function decades(values: readonly number[]): readonly number[] {
  const [least, most] = [Math.ceil(Math.log10(Math.min(...values))), Math.floor(Math.log10(Math.max(...values)))];
  return Array.from({ length: Math.max(0, most - least + 1) }, (_none, n) => 10 ** (least + n));
}

/** Moves labels down until none overlap. */
function apart(heights: readonly number[]): readonly number[] {
  const moved = [...heights];
  let last = -Infinity;
  for (const [n, at] of [...heights.entries()].toSorted(([, a], [, b]) => a - b)) {
    last = Math.max(at, last + 15);
    moved[n] = last;
  }
  return moved;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
