import { Drawing } from "./drawing.ts";
import type { GraphDelivery, GraphModel, GraphSecret, GraphState } from "./model.ts";

/**
 * A row for each secret, a column for each stage, what is broken on top. @param isShown - deliveries follow theirs.
 * @returns the SVG, and each node by its id.
 */
export function layout(model: GraphModel, isShown: (secret: GraphSecret) => boolean = () => true) {
  const drawing = new Drawing();
  const shown = orderedSecrets(model, isShown);
  const rows = new Map(shown.map(({ name }, row) => [name, row]));
  const indexes = new Map(model.secrets.map(({ name }, index) => [name, index]));
  for (const [row, secret] of shown.entries()) drawSecret(drawing, row, secret, indexes.get(secret.name) ?? 0);
  const carried = worst(shown.flatMap(({ states }) => [states.identity ?? "planned", states.bootstrap ?? "planned"]));
  if (shown.length > 0) drawing.band("bootstrap", 2, [0, shown.length - 1], "identity and vault-bootstrap", carried);
  const placed = placedDeliveries(model.deliveries, rows);
  drawStores(drawing, placed);
  for (const { delivery, row } of placed) {
    const id = model.deliveries.indexOf(delivery);
    const { name, target, namespace, state, keys } = delivery;
    const names = [...new Set(keys.map(({ secret }) => secret))];
    const secrets = names.flatMap((secret) => indexes.get(secret) ?? []);
    drawing.node(`delivery-${id}`, 5, row, name, state, secrets);
    drawing.node(`target-${id}`, 6, row, `${namespace}/${target}`, state, secrets);
    drawing.edge(`delivery-${id}`, `target-${id}`, secrets);
    for (const index of names.filter((secret) => rows.has(secret)).flatMap((secret) => indexes.get(secret) ?? []))
      drawing.edge(`vault-${index}`, `delivery-${id}`, [index], false);
  }
  drawClusterManaged(drawing, model, Math.ceil(Math.max(shown.length, (placed.at(-1)?.row ?? 0) + 1)) + 1);
  return { svg: drawing.svg(), positions: drawing.positions };
}

const badness: readonly GraphState[] = ["broken", "warned", "unknown", "ok", "absent", "planned"];

function worst(states: readonly GraphState[]): GraphState {
  return badness.find((state) => states.includes(state)) ?? "planned";
}

/** What is broken comes first, with all that is delivered with it; the secrets of one delivery are side by side. */
function orderedSecrets(
  { secrets, deliveries }: GraphModel,
  isShown: (secret: GraphSecret) => boolean,
): readonly GraphSecret[] {
  const byName = new Map(secrets.map((secret) => [secret.name, secret]));
  const groups = new Map<string, { readonly order: number; readonly trouble: number }>();
  for (const [order, { keys, state }] of deliveries.entries()) {
    const members = keys.map(({ secret }) => secret);
    const trouble = Math.min(rank([state]), ...members.map((name) => ownRank(byName.get(name))));
    for (const name of members) if (!groups.has(name)) groups.set(name, { order, trouble });
  }
  const groupOf = (secret: GraphSecret) =>
    groups.get(secret.name) ?? { order: deliveries.length, trouble: ownRank(secret) };
  return secrets.filter(isShown).toSorted((a, b) => {
    const [one, other] = [groupOf(a), groupOf(b)];
    return one.trouble - other.trouble || one.order - other.order || ownRank(a) - ownRank(b);
  });
}

function ownRank(secret: GraphSecret | undefined): number {
  return rank(Object.values(secret?.states ?? {}));
}

/** What is not wrong keeps the order of the catalogue. */
function rank(states: readonly GraphState[]): number {
  const state = worst(states);
  return state === "broken" ? 0 : state === "warned" ? 1 : 2;
}

function drawSecret(drawing: Drawing, row: number, secret: GraphSecret, index: number): void {
  const { name, variable = name, keyVaultName, vaultPath, states } = secret;
  const vault = `vault-${index}`;
  if (keyVaultName !== undefined) {
    drawing.node(`dotenv-${index}`, 0, row, variable, "planned", [index]);
    drawing.node(`key-vault-${index}`, 1, row, keyVaultName, states["key-vault"] ?? "planned", [index]);
    drawing.edge(`dotenv-${index}`, `key-vault-${index}`, [index]);
  }
  drawing.node(vault, 3, row, vaultPath, states.vault ?? "planned", [index]);
  if (keyVaultName !== undefined) drawing.edge(`key-vault-${index}`, vault, [index], false);
}

type PlacedDelivery = ReturnType<typeof placedDeliveries>[number];

/** Each near the middle of its secrets, none over another; those of one namespace together where that costs nothing. */
function placedDeliveries(deliveries: readonly GraphDelivery[], rows: ReadonlyMap<string, number>) {
  const namespaces = [...new Set(deliveries.map(({ namespace }) => namespace))];
  const order = deliveries
    .filter(({ keys }) => keys.some(({ secret }) => rows.has(secret)))
    .map((delivery) => ({ delivery, wanted: middle(delivery.keys.flatMap(({ secret }) => rows.get(secret) ?? [])) }))
    .toSorted(
      (a, b) =>
        a.wanted - b.wanted || namespaces.indexOf(a.delivery.namespace) - namespaces.indexOf(b.delivery.namespace),
    );
  let next = 0;
  return order.map(({ delivery, wanted }) => {
    const row = Math.max(next, wanted);
    next = row + 1;
    return { delivery, row };
  });
}

/** Between the first and the last: a secret far away, which many deliveries share, pulls none of them along. */
function middle(rows: readonly number[]): number {
  const sorted = rows.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** Deliveries below each other have the same store: it is drawn once, next to them. */
function drawStores(drawing: Drawing, placed: readonly PlacedDelivery[]): void {
  const runs: PlacedDelivery[][] = [];
  for (const one of placed) {
    const last = runs.at(-1);
    if (last?.[0]?.delivery.namespace === one.delivery.namespace) last.push(one);
    else runs.push([one]);
  }
  for (const [index, run] of runs.entries()) {
    const { namespace = "", storeName = "" } = run[0]?.delivery ?? {};
    const state = worst(run.map(({ delivery }) => delivery.storeState));
    drawing.band(`store-${index}`, 4, [run[0]?.row ?? 0, run.at(-1)?.row ?? 0], `${namespace}/${storeName}`, state);
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
