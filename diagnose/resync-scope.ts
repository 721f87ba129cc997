import { nearest } from "../domain/nearest.ts";
import { UserError } from "../domain/user-error.ts";

/**
 * Refuses names that stand for nothing: a resync that touches nothing would look like one that went well.
 *
 * @param kind - what they are names of.
 * @param where - where they were looked for, such as `dev`.
 * @throws UserError for all of them together, each with the nearest one that there is.
 */
export function refuseUnknown(
  kind: "namespace" | "ExternalSecret",
  given: readonly string[],
  known: readonly string[],
  where: string,
): void {
  const names = [...new Set(known)].toSorted();
  const unknown = given.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  const close = unknown.map((name) => nearest(name, names)).filter((name) => name !== undefined);
  throw UserError.of(
    kind === "namespace" ? "resync-namespace-unknown" : "resync-name-unknown",
    `${where} has no ${kind} ${unknown.join(", ")}`,
    close.length > 0 ? `did you mean ${[...new Set(close)].join(", ")}?` : `give one of: ${names.join(", ") || "none"}`,
  );
}
