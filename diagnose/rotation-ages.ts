import type { Snapshot } from "./snapshot.ts";
import type { Expectation } from "./explain/view.ts";

/** How old the value of one external secret is. */
export interface RotationAge {
  readonly name: string;
  readonly ageInDays: number;
  /** @default - the catalogue gives it no age */
  readonly rotateEveryInDays?: number;
  /** Whether it is over the age that the catalogue gives it. */
  readonly due: boolean;
  readonly owner?: string;
}

/** The age of every value that Key Vault holds for us: first those over it, by how much; then the others, oldest first. */
export function rotationAges(snapshot: Snapshot, { plan, catalogue }: Expectation): readonly RotationAge[] {
  if (!snapshot.keyVault.ok) return [];
  // a new tag or date makes no new value
  const written = new Map(
    snapshot.keyVault.value.map(({ name, createdAt, updatedAt }) => [name, createdAt ?? updatedAt]),
  );
  const now = Date.parse(snapshot.takenAt);
  return plan.secrets
    .flatMap(({ name, keyVaultName = "" }): RotationAge[] => {
      const entry = catalogue.secrets[name];
      const at = written.get(keyVaultName);
      if (entry?.authority !== "external" || at === undefined) return [];
      const ageInDays = Math.floor((now - Date.parse(at)) / 86_400_000);
      const every = entry.rotateEvery === undefined ? undefined : Number.parseInt(entry.rotateEvery, 10);
      return [
        {
          name,
          ageInDays,
          ...(every === undefined ? {} : { rotateEveryInDays: every }),
          due: every !== undefined && ageInDays >= every,
          ...(entry.owner === undefined ? {} : { owner: entry.owner }),
        },
      ];
    })
    .toSorted((a, b) => Number(b.due) - Number(a.due) || overdue(b) - overdue(a) || b.ageInDays - a.ageInDays);
}

/** Days over its age; the same for all that are not. */
function overdue({ due, ageInDays, rotateEveryInDays = 0 }: RotationAge): number {
  return due ? ageInDays - rotateEveryInDays : 0;
}
