import type { FederatedSubject } from "../domain/environment.ts";
import { federatedSubject } from "../domain/federation.ts";
import { valueAt } from "../domain/schema-findings.ts";
import { environmentNames } from "../domain/stage.ts";
import { readStackSettings } from "./stack-file.ts";

/**
 * The federated credentials of every environment whose stack file names its cluster, in the environments' order.
 * `local` has an identity of its own, so it is not among them.
 */
export function federatedSubjects(root: string): readonly FederatedSubject[] {
  return environmentNames
    .filter((name) => name !== "local")
    .flatMap((name) => {
      const issuer = valueAt(readStackSettings(name, root), ["cluster", "oidcIssuer"]);
      return typeof issuer === "string" ? [federatedSubject(name, issuer)] : [];
    });
}
