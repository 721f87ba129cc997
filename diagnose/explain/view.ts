import type { EnvironmentStack, PlannedDelivery } from "../../domain/plan/environment.ts";
import type { Failure, Fingerprint, Snapshot } from "../snapshot.ts";
import { causes, type CauseCode } from "../causes.ts";

/** What a stack is to its doctor: names and strictness, nothing that could be changed by it. */
export type Expectation = Pick<
  EnvironmentStack,
  "name" | "namespace" | "strictness" | "azure" | "federated" | "cluster" | "vault" | "catalogue" | "plan" | "bootstrap"
>;

/** One thing seen, and the cause that it speaks for. Sightings of one cause become one diagnosis with all its evidence. */
export interface Sighting {
  readonly code: CauseCode;
  /** The object, such as `ExternalSecret ameide-dev/ghcr-pull-sync`. */
  readonly where: string;
  /** What was seen there: a status, an Event, found and wanted. No value. */
  readonly seen: string;
  /** Secrets of the catalogue that it breaks. @default - all of the environment's */
  readonly secrets?: readonly string[];
  /** For `<name>` and `<namespace>` in the cause's fix. */
  readonly name?: string;
  readonly namespace?: string;
  /** Where the cause's own fix does not fit what was seen. @default - the cause's */
  readonly fix?: string;
}

/** What a rule sees: the snapshot, what should be, and what the rules before it saw. */
export interface View {
  readonly snapshot: Snapshot;
  readonly expected: Expectation;
  readonly before: readonly Sighting[];
}

/** One rule of explanation: pure, complete in itself, and silent where its part of the snapshot could not be read. */
export type Rule = (view: View) => readonly Sighting[];

/** Reports what is seen at one place: a sighting of a cause, as the list that a rule returns. */
export type Report = (code: CauseCode, seen: string, more?: Partial<Sighting>) => readonly Sighting[];

export function reportAt(where: string, about: Partial<Sighting> = {}): Report {
  return (code, seen, more) => [{ ...about, ...more, code, where, seen }];
}

/** A part that could not be read: it is unknown and not broken, so no secret is named. */
export function reportUnseen(code: CauseCode, { asked, message }: Failure, fix?: string): Sighting {
  return { code, where: asked, seen: message, secrets: [], ...(fix !== undefined && { fix }) };
}

export function isError({ code }: Sighting): boolean {
  return causes[code].severity === "error";
}

/** Whether an error that was seen before already explains why `secret` is broken. */
export function isExplained({ before }: View, secret: string): boolean {
  return before.some((one) => isError(one) && (one.secrets?.includes(secret) ?? true));
}

/** Whether a part could not be read: its content is unknown, so that must be reported. */
export function isUnseen({ kind }: Failure): boolean {
  return kind !== "not-asked" && kind !== "not-found" && kind !== "malformed";
}

export function deliveriesOf({ plan }: Pick<Expectation, "plan">, secret: string): readonly PlannedDelivery[] {
  return plan.deliveries.filter(({ keys }) => keys.some((key) => key.secret === secret));
}

export function secretsIn(...deliveries: readonly PlannedDelivery[]): readonly string[] {
  return [...new Set(deliveries.flatMap(({ keys }) => keys.map(({ secret }) => secret)))];
}

export function secretsOfNamespace({ plan }: Expectation, namespace: string): readonly string[] {
  return secretsIn(...plan.deliveries.filter((delivery) => delivery.namespace === namespace));
}

/** Milliseconds from a time to the snapshot's; `undefined` where there is no such time. */
export function age({ takenAt }: Snapshot, at: string | undefined): number | undefined {
  const then = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(then) ? undefined : Date.parse(takenAt) - then;
}

/** Fixtures are allowed if there is no other value, in dev and local; samples of `.env.example` only in local. */
export function isUnreal(
  looks: Fingerprint["looksLike"],
  { strictness, name }: Pick<Expectation, "strictness" | "name">,
): boolean {
  if (looks === "fixture") return !strictness.fixturesAllowed;
  return looks === "sample" ? name !== "local" : looks !== "value";
}

export function describeLooks(looks: Fingerprint["looksLike"]): string {
  return looks === "empty" ? "empty" : `a ${looks}`;
}
