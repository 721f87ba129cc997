/** What `env push` does with one name. `kept`: no value here, so nothing happens. */
export type PushVerdict = "new" | "changed" | "same" | "conflict" | "recovered" | "kept";

export type HeldSecret =
  | { readonly state: "absent" | "deleted" }
  | {
      readonly state: "held";
      readonly version: string;
      readonly equalsValueHere: boolean;
      readonly createdOn?: Date | undefined;
      readonly expiresOn?: Date | undefined;
    };

export interface PushDecision {
  readonly name: string;
  readonly verdict: PushVerdict;
  readonly writes: boolean;
}

/**
 * Decides for one name that has a value here. A value that differs is ours to overwrite only if Key Vault has the
 * version that this workstation pushed last: otherwise somebody rotated it there, and an old `.env` would undo that.
 * @param options.overwrite - the person said that the value here is the right one. @default false
 */
export function pushDecision(
  name: string,
  held: HeldSecret,
  lastPushed: string | undefined,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): PushDecision {
  if (held.state !== "held") return { name, verdict: held.state === "absent" ? "new" : "recovered", writes: true };
  if (held.equalsValueHere) return { name, verdict: "same", writes: false };
  const writes = overwrite || held.version === lastPushed;
  return { name, verdict: writes ? "changed" : "conflict", writes };
}
