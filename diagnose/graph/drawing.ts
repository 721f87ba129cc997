import type { GraphState } from "./model.ts";

/** Position of a place for the keyboard, and its full text for screen readers. */
export interface Place {
  readonly column: number;
  readonly y: number;
  readonly label: string;
}

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
const pointsPerInch = 72;
/** Of the drawing font at 10 points: capitals and `_` against all else. */
const wideCharacter = 7;
const narrowCharacter = 5.4;
const labelMargin = 12;

/** What is read without colour. */
export const signs: Readonly<Record<GraphState, string>> = {
  ok: "✓",
  broken: "✗",
  warned: "!",
  unknown: "?",
  absent: "–",
  planned: "",
};

/** Nodes, bands and edges at places of our own, as DOT: graphviz draws, and need not think. */
export class Drawing {
  readonly places = new Map<string, Place>();
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
    const y = Math.round(row * rowHeight);
    this.places.set(id, { column, y, label: state === "planned" ? text : `${text}: ${state}` });
    const { x = 0, width = 0 } = columns[column] ?? {};
    const label = shortened(`${signs[state]} ${text}`.trim(), width - labelMargin);
    const classes = ["place", state, kind, ...secrets.map((index) => `s${index}`)]
      .filter((name) => name !== "")
      .join(" ");
    const size = `width=${inches(width)},height=${inches(nodeHeight)}`;
    this.#nodes.push(
      `${quoted(id)}[id=${quoted(id)},pos="${x},${-y}",${size},label=${quoted(label)},class=${quoted(classes)}];`,
    );
  }

  /** Spans the rows that pass through it; the edges cross it. */
  band(id: string, column: number, rows: readonly [number, number], text: string, state: GraphState): void {
    const [first, last] = rows;
    const { x = 0, width = 0 } = columns[column] ?? {};
    const y = Math.round(((first + last) / 2) * rowHeight);
    const height = Math.max(0, last - first) * rowHeight + nodeHeight;
    this.places.set(id, { column, y, label: state === "planned" ? text : `${text}: ${state}` });
    const size = `width=${inches(width)},height=${inches(height)}`;
    this.#bands.push(
      `${quoted(id)}[id=${quoted(id)},pos="${x},${-y}",${size},label=${quoted(signs[state])},labelloc=t,class=${quoted(`place band ${state}`)}];`,
    );
  }

  /** @param isArrow - false if many end in one place: their heads would overlap. */
  edge(from: string, to: string, secrets: readonly number[], isArrow = true): void {
    const classes = quoted(secrets.map((index) => `s${index}`).join(" "));
    this.#edges.push(`${quoted(from)}:e->${quoted(to)}:w[class=${classes}${isArrow ? "" : ",arrowhead=none"}];`);
  }

  dot(): string {
    const head =
      "digraph{bgcolor=transparent;pad=0.1;splines=line;outputorder=nodesfirst;" +
      'node[shape=box,style="rounded",fixedsize=true,fontname="sans-serif",fontsize=10];edge[arrowsize=0.5];';
    return [head, ...this.#bands, ...this.#nodes, ...this.#edges, "}"].join("\n");
  }
}

/** Graphviz titles each node with its id and each edge with two: people are to read what it says in full, and no id. */
export function labelled(svg: string, places: ReadonlyMap<string, Place>): string {
  return svg.replaceAll(/<title>([^<]*)<\/title>\n?/g, (_title, id: string) => {
    const place = places.get(id.replaceAll("&#45;", "-")); // graphviz escapes what would end a comment
    return place === undefined ? "" : `<title>${place.label.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</title>`;
  });
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

function inches(points: number): string {
  return (points / pointsPerInch).toFixed(3);
}

/** DOT's strings take everything but a quote; a backslash would begin an escape. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
