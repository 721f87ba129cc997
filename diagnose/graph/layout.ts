import { Drawing, type Place } from "./drawing.ts";
import type { GraphModel, GraphSecret } from "./model.ts";
import { orderedSecrets, placedDeliveries, runsOfNamespaces, worst, type PlacedDelivery } from "./rows.ts";

/** The drawing of one environment: a row for each secret, a column for each stage, what is broken on top. */
export interface Layout {
  readonly svg: string;
  /** Each node by its id. */
  readonly places: ReadonlyMap<string, Place>;
}

/** @param isShown - which secrets to draw; deliveries follow theirs. */
export function layout(model: GraphModel, isShown: (secret: GraphSecret) => boolean = () => true): Layout {
  const shown = orderedSecrets(model, isShown);
  const rows = new Map(shown.map(({ name }, index) => [name, index]));
  const indexes = new Map(model.secrets.map(({ name }, index) => [name, index]));
  const deliveries = placedDeliveries(model.deliveries, rows);
  const drawing = new Drawing();
  drawSecrets(drawing, shown, indexes);
  const carried = worst(shown.flatMap(({ states }) => [states.identity ?? "planned", states.bootstrap ?? "planned"]));
  if (shown.length > 0) drawing.band("bootstrap", 2, [0, shown.length - 1], "identity and vault-bootstrap", carried);
  drawDeliveries(drawing, model, deliveries, rows, indexes);
  drawClusterManaged(drawing, model, Math.ceil(Math.max(shown.length, (deliveries.at(-1)?.row ?? 0) + 1)) + 1);
  return { svg: drawing.svg(), places: drawing.places };
}

function drawSecrets(drawing: Drawing, shown: readonly GraphSecret[], indexes: ReadonlyMap<string, number>): void {
  for (const [row, { name, variable, keyVaultName, vaultPath, states, authority }] of shown.entries()) {
    const index = indexes.get(name) ?? 0;
    const secret = [index];
    const vault = `vault-${index}`;
    const kind = authority === "generated" ? "generated" : "";
    if (keyVaultName !== undefined) {
      drawing.node(`dotenv-${index}`, 0, row, variable ?? name, "planned", secret);
      drawing.node(`key-vault-${index}`, 1, row, keyVaultName, states["key-vault"] ?? "planned", secret);
      drawing.edge(`dotenv-${index}`, `key-vault-${index}`, secret);
    }
    drawing.node(vault, 3, row, vaultPath, states.vault ?? "planned", secret, kind);
    if (keyVaultName !== undefined) drawing.edge(`key-vault-${index}`, vault, secret, false);
  }
}

function drawDeliveries(
  drawing: Drawing,
  { deliveries: all }: GraphModel,
  placed: readonly PlacedDelivery[],
  rows: ReadonlyMap<string, number>,
  indexes: ReadonlyMap<string, number>,
): void {
  for (const [index, run] of runsOfNamespaces(placed).entries()) {
    const { namespace = "", storeName = "" } = run[0]?.delivery ?? {};
    const state = worst(run.map(({ delivery }) => delivery.storeState));
    drawing.band(`store-${index}`, 4, [run[0]?.row ?? 0, run.at(-1)?.row ?? 0], `${namespace}/${storeName}`, state);
  }
  for (const { delivery, row } of placed) {
    const id = all.indexOf(delivery);
    const { name, target, namespace, state, keys } = delivery;
    const secrets = [...new Set(keys.flatMap(({ secret }) => indexes.get(secret) ?? []))];
    drawing.node(`delivery-${id}`, 5, row, name, state, secrets);
    drawing.node(`target-${id}`, 6, row, `${namespace}/${target}`, state, secrets);
    drawing.edge(`delivery-${id}`, `target-${id}`, secrets);
    for (const secret of new Set(keys.map((key) => key.secret))) {
      if (rows.has(secret))
        drawing.edge(`vault-${indexes.get(secret)}`, `delivery-${id}`, [indexes.get(secret) ?? 0], false);
    }
  }
}

/** Separate lanes below the pipeline, without an edge into it: an owner, and next to it the names that it owns. */
function drawClusterManaged(drawing: Drawing, { clusterManaged }: GraphModel, firstRow: number): void {
  const lanes = [1, 3, 5, 6];
  if (clusterManaged.length === 0) return;
  drawing.node("managed-title", 0, firstRow, "outside the pipeline:", "planned", [], "title");
  let row = firstRow + 1;
  for (const { authority, names } of clusterManaged) {
    drawing.node(`owner-${authority}`, 0, row, authority, "planned", [], "owner");
    for (const [index, name] of names.entries()) {
      const at = row + Math.floor(index / lanes.length);
      const id = `managed-${authority}-${index}`;
      drawing.node(id, lanes[index % lanes.length] ?? 1, at, name, "planned", [], "managed");
    }
    row += Math.max(1, Math.ceil(names.length / lanes.length));
  }
}
