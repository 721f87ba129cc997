import type { GraphDelivery, GraphModel, GraphSecret, GraphState } from "./model.ts";

const badness: readonly GraphState[] = ["broken", "warned", "unknown", "ok", "absent", "planned"];

export function worst(states: readonly GraphState[]): GraphState {
  return badness.find((state) => states.includes(state)) ?? "planned";
}

/**
 * Which row each secret is drawn in: what is broken first, with all that is delivered together with it, so that it is
 * seen without a scroll; then what is delivered, the secrets of one delivery side by side; then what others read.
 */
export function orderedSecrets(
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

export interface PlacedDelivery {
  readonly delivery: GraphDelivery;
  readonly row: number;
}

/** Each near the middle of its secrets, none over another; those of one namespace together where that costs nothing. */
export function placedDeliveries(
  deliveries: readonly GraphDelivery[],
  rows: ReadonlyMap<string, number>,
): readonly PlacedDelivery[] {
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

/** Deliveries below each other with the same store: the store is drawn once, next to them. */
export function runsOfNamespaces(placed: readonly PlacedDelivery[]): readonly (readonly PlacedDelivery[])[] {
  const runs: PlacedDelivery[][] = [];
  for (const one of placed) {
    const last = runs.at(-1);
    if (last?.[0]?.delivery.namespace === one.delivery.namespace) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

/** Between the first and the last: a secret far away, which many deliveries share, pulls none of them along. */
function middle(rows: readonly number[]): number {
  const sorted = rows.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
