import type { ResourceTransformation } from "@pulumi/pulumi";
import type { Adopted } from "../domain/plan/environment.ts";

/**
 * Takes over what was there before this program: it is read into state, judged by the pack as it is, never changed, and
 * left in place when it goes from the program. Whoever wants this program to rule it takes the entry out again afterwards
 * and sees in the next preview what that would change.
 *
 * @param adopted - see `adoptables` of the domain. @default - nothing
 */
export function adopting(adopted: Adopted = {}): ResourceTransformation {
  return ({ name, props, opts }) => {
    const id = adopted[name];
    if (id === undefined) return undefined;
    return { props, opts: { ...opts, import: id, ignoreChanges: ["*"], retainOnDelete: true } };
  };
}
