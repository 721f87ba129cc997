import { externalSecretName, existsIn, sourcesOf, type Catalogue, type CatalogueDelivery } from "./catalogue.ts";
import { checkAuthority } from "./authority.ts";
import { classify, clusterOwnerOf } from "./lookup.ts";
import { pathIn } from "../names.ts";
import { nearest } from "../nearest.ts";
import type { KeyPath } from "../schema-findings.ts";
import { environmentNames, type Stage } from "../stage.ts";

/** Reports an error about an entry; its subject is the entry's key path. */
export type Report = (code: string, stage: Stage, path: KeyPath, problem: string, fix: string) => void;

export class FirstOwners {
  readonly #owners = new Map<string, string>();

  /** @returns the first owner of `name`, if it is another than `owner`. */
  claim(name: string, owner: string): string | undefined {
    const first = this.#owners.get(name);
    if (first === undefined) this.#owners.set(name, owner);
    return first === owner ? undefined : first;
  }
}

export function checkDeliveries(catalogue: Catalogue, report: Report): void {
  const { deliveries, inClusterDeliveries } = catalogue;
  const claimed = new FirstOwners();
  for (const [target, delivery] of Object.entries(deliveries)) {
    const path = ["deliveries", target];
    const other = inClusterDeliveries[target];
    if (other !== undefined) {
      const problem = `${target} is declared twice, under deliveries and under inClusterDeliveries (producer ${other.producer})`;
      report("catalogue-target-twice", "external-secret", path, problem, "keep one of the two");
    }
    for (const [key, name] of sourcesOf(delivery)) checkSource(delivery, key, name, path, catalogue, report);
  }
  const declared = [
    ...Object.entries(inClusterDeliveries).map(([target, one]) => ["inClusterDeliveries", target, one] as const),
    ...Object.entries(deliveries).map(([target, one]) => ["deliveries", target, one] as const),
  ];
  for (const [section, target, one] of declared) {
    const path = [section, target];
    const externalSecret = externalSecretName(target, one);
    checkTarget(target, path, catalogue, report);
    const first = claimed.claim(externalSecret, target);
    if (first === undefined) continue;
    const problem = `the ExternalSecret ${externalSecret} creates both ${first} and ${target}`;
    const fix = "give one of them another externalSecret";
    report("catalogue-external-secret-twice", "external-secret", path, problem, fix);
  }
  for (const [target, { keys }] of Object.entries(inClusterDeliveries)) {
    for (const [key, vaultPath] of Object.entries(keys)) {
      const { authority } = classify(catalogue, pathIn(environmentNames[0], vaultPath));
      const check = checkAuthority("external-secret", authority, { "as-declared": true });
      if (check.ok) continue;
      const path = ["inClusterDeliveries", target, "keys", key];
      const problem = `${target} reads ${vaultPath}: ${check.reason}`;
      report("catalogue-delivery-refused", "external-secret", path, problem, check.fix);
    }
  }
}

/** The source of a key must be under `secrets`, and must exist wherever the delivery does. */
function checkSource(
  delivery: CatalogueDelivery,
  key: string,
  name: string,
  path: readonly string[],
  catalogue: Catalogue,
  report: Report,
): void {
  const target = path.at(-1);
  const at = delivery.keys === undefined ? [...path, key] : [...path, "keys", key];
  const refuse = (code: string, problem: string, fix: string) => report(code, "external-secret", at, problem, fix);
  const secret = catalogue.secrets[name];
  if (secret !== undefined) {
    const missing = environmentNames.filter((one) => existsIn(delivery, one) && !existsIn(secret, one));
    if (missing.length === 0) return;
    const problem = `${target} is delivered in ${missing.join(", ")}, where ${name} does not exist`;
    const fix = `give the delivery the environments of ${name}, or add them to ${name}`;
    refuse("catalogue-delivery-elsewhere", problem, fix);
    return;
  }
  const known = classify(catalogue, name);
  if (known.kind === "unknown") {
    const close = nearest(name, Object.keys(catalogue.secrets));
    const fix = `${close === undefined ? "" : `did you mean ${close}? otherwise `}add ${name} under secrets`;
    refuse("catalogue-delivery-unknown", `${target} reads ${name}, which is not under secrets`, fix);
    return;
  }
  const check = checkAuthority("external-secret", known.authority);
  const problem = `${target} reads ${name}, which is ${known.authority ?? known.kind}${check.ok ? "" : `: ${check.reason}`}`;
  const fix = "remove it, or declare the delivery under inClusterDeliveries with its producer";
  refuse("catalogue-delivery-refused", problem, known.by === "alias" ? `read ${known.entry}` : fix);
}

/** A target that something in the cluster creates, which would then have two writers. */
function checkTarget(target: string, path: readonly string[], catalogue: Catalogue, report: Report): void {
  const owner = clusterOwnerOf(catalogue, target);
  if (owner === undefined || checkAuthority("target-secret", owner.authority, { "as-declared": true }).ok) return;
  if (owner.by === "pattern" && path[0] === "inClusterDeliveries") return;
  const by = owner.by === "pattern" ? ` by the pattern ${owner.entry}` : "";
  const problem = `the target ${target} belongs to ${owner.authority}${by}`;
  const fix = "choose another target, or leave the Secret to its owner";
  report("catalogue-target-owned", "external-secret", path, problem, fix);
}
