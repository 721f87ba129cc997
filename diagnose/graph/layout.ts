import type { GraphDelivery, GraphModel, GraphSecret, GraphState } from "./model.ts";

/**
 * Where everything stands, in points, and the graph as DOT with these places in it: graphviz draws, and need not think.
 * Its own layout of 500 secrets takes 2.7 s, this 0.2 s, and a secret stays in its row however many there are.
 */
export interface Layout {
  readonly dot: string;
  readonly columns: readonly { readonly title: string; readonly x: number }[];
  /** Each node by its id: where it is, for the keyboard, and what it says in full, for who does not see it. */
  readonly places: ReadonlyMap<string, Place>;
}

export interface Place {
  readonly column: number;
  readonly y: number;
  readonly label: string;
}

const rowHeight = 30;
const nodeWidth = 168;
const nodeHeight = 22;
const bandWidth = 26;
const pointsPerInch = 72;
/** Of the drawing font at 10 points: capitals and `_` against all else. */
const wideCharacter = 7;
const narrowCharacter = 5.4;
const labelWidth = nodeWidth - 12;

const titles = [".env", "Key Vault", "bootstrap", "Vault", "store", "ExternalSecret", "Kubernetes Secret"] as const;
const xs = [0, 196, 304, 412, 520, 628, 824] as const;

/** What is read without colour. */
export const signs: Readonly<Record<GraphState, string>> = {
  ok: "✓",
  broken: "✗",
  warned: "!",
  unknown: "?",
  absent: "–",
  planned: "",
};

/** @param isShown - which secrets to draw; deliveries follow theirs. */
export function layout(model: GraphModel, isShown: (secret: GraphSecret) => boolean = () => true): Layout {
  const shown = model.secrets.filter(isShown);
  const rows = new Map(shown.map(({ name }, index) => [name, index]));
  const indexes = new Map(model.secrets.map(({ name }, index) => [name, index]));
  const deliveries = placedDeliveries(model.deliveries, rows);
  const lastRow = Math.max(shown.length, ...deliveries.map(({ row }) => row + 1), 1);
  const drawing = new Drawing();
  drawSecrets(drawing, shown, rows, indexes);
  drawBand(
    drawing,
    "bootstrap",
    2,
    0,
    lastRow - 1,
    worst(shown.map(({ states }) => worst([states.identity ?? "planned", states.bootstrap ?? "planned"]))),
    "vault-bootstrap",
  );
  drawDeliveries(drawing, model, deliveries, rows, indexes);
  drawClusterManaged(drawing, model, lastRow + 1);
  return {
    dot: drawing.dot(),
    columns: titles.map((title, index) => ({ title, x: xs[index] ?? 0 })),
    places: drawing.places,
  };
}

interface PlacedDelivery {
  readonly delivery: GraphDelivery;
  readonly row: number;
}

/** Near the middle of its secrets, one below the other, grouped by namespace so that each store is one band. */
function placedDeliveries(
  deliveries: readonly GraphDelivery[],
  rows: ReadonlyMap<string, number>,
): readonly PlacedDelivery[] {
  const shown = deliveries
    .filter(({ keys }) => keys.some(({ secret }) => rows.has(secret)))
    .map((delivery) => ({ delivery, wanted: mean(delivery.keys.flatMap(({ secret }) => rows.get(secret) ?? [])) }));
  const namespaces = [...new Set(deliveries.map(({ namespace }) => namespace))];
  const order = shown.toSorted(
    (a, b) =>
      namespaces.indexOf(a.delivery.namespace) - namespaces.indexOf(b.delivery.namespace) || a.wanted - b.wanted,
  );
  let next = 0;
  return order.map(({ delivery, wanted }, index) => {
    const isNewNamespace = index > 0 && order[index - 1]?.delivery.namespace !== delivery.namespace;
    const row = Math.max(next + (isNewNamespace ? 1 : 0), index === 0 || !isNewNamespace ? wanted : next);
    next = row + 1;
    return { delivery, row };
  });
}

function drawSecrets(
  drawing: Drawing,
  shown: readonly GraphSecret[],
  rows: ReadonlyMap<string, number>,
  indexes: ReadonlyMap<string, number>,
): void {
  for (const { name, variable, keyVaultName, vaultPath, states, authority } of shown) {
    const row = rows.get(name) ?? 0;
    const index = indexes.get(name) ?? 0;
    const secret = [index];
    const vault = `vault-${index}`;
    const kind = authority === "generated" ? "generated" : "";
    if (keyVaultName !== undefined) {
      drawing.node(`dotenv-${index}`, 0, row, variable ?? name, "planned", secret);
      drawing.node(`key-vault-${index}`, 1, row, keyVaultName, states["key-vault"] ?? "planned", secret);
      drawing.edge(`dotenv-${index}`, `key-vault-${index}`, secret);
      drawing.edge(`key-vault-${index}`, vault, secret);
    }
    drawing.node(vault, 3, row, vaultPath, states.vault ?? "planned", secret, kind);
  }
}

function drawDeliveries(
  drawing: Drawing,
  { deliveries: all }: GraphModel,
  placed: readonly PlacedDelivery[],
  rows: ReadonlyMap<string, number>,
  indexes: ReadonlyMap<string, number>,
): void {
  for (const [namespace, found] of Map.groupBy(placed, ({ delivery }) => delivery.namespace)) {
    const band = `store-${namespace}`;
    const [first, last] = [found[0]?.row ?? 0, found.at(-1)?.row ?? 0];
    const state = worst(found.map(({ delivery }) => delivery.storeState));
    drawBand(drawing, band, 4, first, last, state, namespace);
  }
  for (const { delivery, row } of placed) {
    const id = all.indexOf(delivery);
    const { externalSecret, target, namespace, state, keys } = delivery;
    const secrets = [...new Set(keys.flatMap(({ secret }) => indexes.get(secret) ?? []))];
    drawing.node(`delivery-${id}`, 5, row, externalSecret, state, secrets);
    drawing.node(`target-${id}`, 6, row, `${namespace}/${target}`, state, secrets);
    drawing.edge(`delivery-${id}`, `target-${id}`, secrets);
    for (const secret of new Set(keys.map((key) => key.secret))) {
      if (rows.has(secret)) drawing.edge(`vault-${indexes.get(secret)}`, `delivery-${id}`, [indexes.get(secret) ?? 0]);
    }
  }
}

/** Lanes of their own under the chain, without an edge into it. */
function drawClusterManaged(drawing: Drawing, { clusterManaged }: GraphModel, firstRow: number): void {
  const perRow = 4;
  let row = firstRow;
  for (const { authority, names } of clusterManaged) {
    drawing.node(`owner-${authority}`, 0, row, authority, "planned", [], "owner");
    for (const [index, name] of names.entries()) {
      const column = [1, 3, 5, 6][index % perRow] ?? 1;
      drawing.node(
        `managed-${authority}-${index}`,
        column,
        row + Math.floor(index / perRow),
        name,
        "planned",
        [],
        "managed",
      );
    }
    row += Math.max(1, Math.ceil(names.length / perRow));
  }
}

/** Spans the rows that pass through it; the edges cross it. */
function drawBand(
  drawing: Drawing,
  id: string,
  column: number,
  first: number,
  last: number,
  state: GraphState,
  label: string,
): void {
  drawing.band(id, column, (first + last) / 2, (last - first) * rowHeight + nodeHeight, label, state);
}

class Drawing {
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
    const label = shortened(`${signs[state]} ${text}`.trim());
    const classes = ["place", state, kind, ...secrets.map((index) => `s${index}`)]
      .filter((name) => name !== "")
      .join(" ");
    const size = `width=${inches(nodeWidth)},height=${inches(nodeHeight)}`;
    this.#nodes.push(
      `${quoted(id)}[id=${quoted(id)},pos="${xs[column]},${-y}",${size},label=${quoted(label)},tooltip=${quoted(text)},class=${quoted(classes)}];`,
    );
  }

  band(id: string, column: number, row: number, height: number, text: string, state: GraphState): void {
    const y = Math.round(row * rowHeight);
    const size = `width=${inches(bandWidth)},height=${inches(height)}`;
    const label = signs[state];
    const classes = `band ${state}`;
    this.#bands.push(
      `${quoted(id)}[id=${quoted(id)},pos="${xs[column]},${-y}",${size},label=${quoted(label)},tooltip=${quoted(text)},class=${quoted(classes)}];`,
    );
  }

  edge(from: string, to: string, secrets: readonly number[]): void {
    this.#edges.push(
      `${quoted(from)}:e->${quoted(to)}:w[class=${quoted(secrets.map((index) => `s${index}`).join(" "))}];`,
    );
  }

  dot(): string {
    const head =
      "digraph{bgcolor=transparent;pad=0.1;splines=line;outputorder=nodesfirst;" +
      'node[shape=box,style="rounded",fixedsize=true,fontname="sans-serif",fontsize=10];edge[arrowsize=0.5];';
    return [head, ...this.#bands, ...this.#nodes, ...this.#edges, "}"].join("\n");
  }
}

const badness: readonly GraphState[] = ["broken", "warned", "unknown", "ok", "absent", "planned"];

function worst(states: readonly GraphState[]): GraphState {
  return badness.find((state) => states.includes(state)) ?? "planned";
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}

/** As much of a name as fits into its place; the whole is its tooltip. */
function shortened(text: string): string {
  let width = 0;
  for (let index = 0; index < text.length; index += 1) {
    width += /[A-Z_@%mw]/.test(text.charAt(index)) ? wideCharacter : narrowCharacter;
    if (width > labelWidth) return `${text.slice(0, Math.max(1, index - 1))}…`;
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
