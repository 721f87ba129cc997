import type { Finding } from "../finding.ts";
import type { KeyPath } from "../schema-findings.ts";
import { formatPath } from "../schema-findings.ts";
import type { Stage } from "../stage.ts";

/** A finding about an entry of the catalogue; the entry's line is found by its path. */
export type CatalogueFinding = Omit<Finding, "where"> & { readonly path: KeyPath };

/** An error about an entry; its subject is the entry's key path. */
export function catalogueError(
  code: string,
  stage: Stage,
  path: KeyPath,
  problem: string,
  fix: string,
): CatalogueFinding {
  return { code, stage, severity: "error", subject: formatPath(path), problem, fix, path };
}

/** Who took each name first; says so when another wants it. */
export class FirstOwners {
  readonly #owners = new Map<string, string>();

  /** @returns the first owner of `name`, if it is another than `owner`. */
  claim(name: string, owner: string): string | undefined {
    const first = this.#owners.get(name);
    if (first === undefined) this.#owners.set(name, owner);
    return first === owner ? undefined : first;
  }
}
