import type { GraphState } from "./model.ts";

/** Position of a place for the keyboard, and its full text for screen readers. */
export interface Position {
  readonly column: number;
  readonly y: number;
  readonly label: string;
}

/** `x` is the middle of a column. */
export const columns = [
  { title: ".env", x: 0, width: 168 },
  { title: "Key Vault", x: 188, width: 168 },
  { title: "bootstrap", x: 292, width: 26 },
  { title: "Vault", x: 396, width: 168 },
  { title: "store", x: 500, width: 26 },
  { title: "ExternalSecret", x: 612, width: 184 },
  { title: "Kubernetes Secret", x: 824, width: 208 },
] as const;

const rowHeight = 30;
const nodeHeight = 22;
/** Of the drawing font at 10 points: capitals and `_` against all else. */
const wideCharacter = 7;
const narrowCharacter = 5.4;
const labelMargin = 12;
const viewBox = { left: -92, top: -20, width: 1028 };

/** What is read without colour. */
export const signs: Readonly<Record<GraphState, string>> = {
  ok: "✓",
  broken: "✗",
  warned: "!",
  unknown: "?",
  absent: "–",
  planned: "",
};

export class Drawing {
  readonly positions = new Map<string, Position>();
  readonly #bands: string[] = [];
  readonly #nodes: string[] = [];
  readonly #edges: string[] = [];

  node(
    id: string,
    column: number,
    row: number,
    text: string,
    state: GraphState,
    secrets: readonly number[],
    kind = "",
  ): void {
    const label = shortened(`${signs[state]} ${text}`.trim(), (columns[column]?.width ?? 0) - labelMargin);
    const classes = [kind, ...secrets.map((index) => `s${index}`)].join(" ");
    this.#nodes.push(this.#place(id, column, [row, row], text, state, classes, label));
  }

  /** Spans the rows that pass through it; the edges cross it. */
  band(id: string, column: number, rows: readonly [number, number], text: string, state: GraphState): void {
    this.#bands.push(this.#place(id, column, rows, text, state, "band", signs[state]));
  }

  #place(
    id: string,
    column: number,
    [first, last]: readonly [number, number],
    text: string,
    state: GraphState,
    classes: string,
    label: string,
  ): string {
    const { x = 0, width = 0 } = columns[column] ?? {};
    const [top, bottom] = [Math.round(first * rowHeight), Math.round(last * rowHeight)];
    const title = state === "planned" ? text : `${text}: ${state}`;
    this.positions.set(id, { column, y: Math.round((top + bottom) / 2), label: title });
    return `<g id="${id}" class="node place ${state} ${classes}"><title>${escaped(title)}</title><rect x="${x - width / 2}" y="${top - nodeHeight / 2}" width="${width}" height="${bottom - top + nodeHeight}" rx="6"/><text x="${x}" y="${top + 3.5}">${escaped(label)}</text></g>`;
  }

  /** Between two places that are already drawn. @param isArrow - false if many end in one place: their heads would overlap. */
  edge(from: string, to: string, secrets: readonly number[], isArrow = true): void {
    const end = (id: string, side: 1 | -1): string => {
      const { column = 0, y = 0 } = this.positions.get(id) ?? {};
      return `${(columns[column]?.x ?? 0) + (side * (columns[column]?.width ?? 0)) / 2},${y}`;
    };
    const head = isArrow ? "m-5,-2.5l5,2.5l-5,2.5" : "";
    const classes = secrets.map((index) => `s${index}`).join(" ");
    this.#edges.push(`<path class="edge ${classes}" d="M${end(from, 1)}L${end(to, -1)}${head}"/>`);
  }

  svg(): string {
    const { left, top, width } = viewBox;
    const lowest = Math.max(0, ...[...this.positions.values()].map(({ y }) => y));
    const height = lowest + 2 * nodeHeight - top;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}pt" height="${height}pt" viewBox="${left} ${top} ${width} ${height}" font-size="10" text-anchor="middle">
${[...this.#bands, ...this.#nodes, ...this.#edges].join("\n")}
</svg>`;
  }
}

/** As much of a name as fits into its place; the whole is its title. */
function shortened(text: string, room: number): string {
  let width = 0;
  for (let index = 0; index < text.length; index += 1) {
    width += /[A-Z_@%mw]/.test(text.charAt(index)) ? wideCharacter : narrowCharacter;
    if (width > room) return `${text.slice(0, Math.max(1, index - 1))}…`;
  }
  return text;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
