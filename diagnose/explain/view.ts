import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Failure, Snapshot } from "../snapshot.ts";
import { causes, type CauseCode } from "../causes.ts";

/** What a stack is to its doctor: names and strictness, nothing that could be changed by it. */
export type Expectation = Pick<
  EnvironmentStack,
  "name" | "namespace" | "strictness" | "azure" | "federated" | "cluster" | "vault" | "catalogue" | "plan" | "bootstrap"
>;

/** One thing seen, and the cause that it speaks for. Sightings of one cause become one diagnosis with all its evidence. */
export interface Sighting {
  readonly code: CauseCode;
  /** The object that was looked at, such as `ExternalSecret ameide-dev/ghcr-pull-sync`. */
  readonly where: string;
  /** What was seen there: a status, an Event, found and wanted. No value. */
  readonly seen: string;
  /** Secrets of the catalogue that it breaks. @default - all of the environment's */
  readonly secrets?: readonly string[];
  /** For `<name>` and `<namespace>` in the cause's fix. */
  readonly name?: string;
  readonly namespace?: string;
  /** Where the cause's own repair does not fit what was seen. @default - the cause's */
  readonly fix?: string;
}

/** What a rule sees: the snapshot, what should be, and what the rules before it saw. */
export interface View {
  readonly snapshot: Snapshot;
  readonly expected: Expectation;
  readonly before: readonly Sighting[];
}

/** One rule of explanation: pure, complete in itself, and silent where its part of the snapshot is not to be had. */
export type Rule = (view: View) => readonly Sighting[];

/** Whether an error that was seen before already explains why `secret` is broken (any secret: is everything?). */
export function isExplained({ before }: View, secret: string): boolean {
  return before.some(({ code, secrets }) => causes[code].severity === "error" && (secrets?.includes(secret) ?? true));
}

/** The first of these causes that was seen before. */
export function seenBefore({ before }: View, codes: readonly CauseCode[]): Sighting | undefined {
  return codes.map((code) => before.find((sighting) => sighting.code === code)).find((found) => found !== undefined);
}

/** Whether a part could not be read: its content is unknown, so that must be reported. */
export function isUnseen({ kind }: Failure): boolean {
  return kind !== "not-asked" && kind !== "not-found" && kind !== "malformed";
}

/** Names of the planned secrets that a store's namespace receives. */
export function secretsOfNamespace({ plan }: Expectation, namespace: string): readonly string[] {
  const deliveries = plan.deliveries.filter((delivery) => delivery.namespace === namespace);
  return [...new Set(deliveries.flatMap(({ keys }) => keys.map(({ secret }) => secret)))];
}

/** Milliseconds from a time to the snapshot's; `undefined` where there is no such time. */
export function age({ takenAt }: Snapshot, at: string | undefined): number | undefined {
  const then = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(then) ? undefined : Date.parse(takenAt) - then;
}
