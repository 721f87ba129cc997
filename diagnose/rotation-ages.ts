import { expiryAfter, lifetimeInDays } from "../domain/catalogue/catalogue.ts";
import { defined } from "./observe/observed.ts";
import { valuesOf, type Snapshot } from "./snapshot.ts";
import type { Expectation } from "./explain/view.ts";

/** How old the value of one external secret is. */
export interface RotationAge {
  readonly name: string;
  readonly ageInDays: number;
  /** @default - the catalogue gives it no age */
  readonly rotateEveryInDays?: number;
  /** ISO 8601: the expiry in Key Vault, or the end of `rotateEvery` where it has none. @default - neither */
  readonly expiresAt?: string;
  /** Whether that has passed. */
  readonly due: boolean;
  readonly owner?: string;
}

/** The age of every value that Key Vault holds for us: those that expire first, soonest first; then the others, oldest first. */
export function rotationAges(snapshot: Snapshot, { plan, catalogue }: Expectation): readonly RotationAge[] {
  // a new tag or date makes no new value
  const states = new Map(valuesOf(snapshot.keyVault).map((state) => [state.name, state]));
  const now = Date.parse(snapshot.takenAt);
  return plan.secrets
    .flatMap(({ name, keyVaultName = "" }): RotationAge[] => {
      const entry = catalogue.secrets[name];
      const { createdAt, updatedAt, expiresAt: expiry } = states.get(keyVaultName) ?? {};
      const at = createdAt ?? updatedAt;
      if (entry?.authority !== "external" || at === undefined) return [];
      const ageInDays = Math.floor((now - Date.parse(at)) / 86_400_000);
      const every = lifetimeInDays(entry);
      const expiresAt = expiry ?? expiryAfter(every, new Date(at))?.toISOString();
      const due = expiresAt !== undefined && Date.parse(expiresAt) <= now;
      return [{ name, ageInDays, due, ...defined({ rotateEveryInDays: every, expiresAt, owner: entry.owner }) }];
    })
    .toSorted((a, b) => expiryOf(a) - expiryOf(b) || b.ageInDays - a.ageInDays);
}

/** The same for all that do not expire. */
function expiryOf({ expiresAt }: RotationAge): number {
  return expiresAt === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(expiresAt);
}
