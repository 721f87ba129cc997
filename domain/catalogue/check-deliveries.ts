import type { Finding } from "../finding.ts";
import { type KeyPath, formatPath } from "../schema-findings.ts";
import { type Stage, environmentNames } from "../stage.ts";
import { type Catalogue, type CatalogueDelivery, externalSecretName, existsIn, sourcesOf } from "./catalogue.ts";
import { classify, clusterOwnerOf } from "./lookup.ts";
import { nearest } from "../nearest.ts";
import { checkAuthority } from "./authority.ts";
import { pathIn } from "../names.ts";

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

const stage = "external-secret";

/** Deliveries that read what they may not, or write where another writes. */
export function checkDeliveries(catalogue: Catalogue): readonly CatalogueFinding[] {
  const made = new FirstOwners();
  return Object.entries(catalogue.deliveries).flatMap(([target, delivery]) => {
    const path = ["deliveries", target];
    return [
      ...ownedTarget(target, path, catalogue),
      ...madeTwice(target, externalSecretName(target, delivery), path, made, catalogue),
      ...sourcesOf(delivery).flatMap(([key, name]) => source(delivery, key, name, path, catalogue)),
    ];
  });
}

/** Deliveries of others that read what no ExternalSecret may read, or that two declarations claim. */
export function checkInClusterDeliveries(catalogue: Catalogue): readonly CatalogueFinding[] {
  const made = new FirstOwners();
  return Object.entries(catalogue.inClusterDeliveries).flatMap(([target, { externalSecret, keys }]) => {
    const path = ["inClusterDeliveries", target];
    const first = made.claim(externalSecret, target);
    const twice = first === undefined ? [] : [sameExternalSecret(externalSecret, first, target, path)];
    const paths = Object.entries(keys).flatMap(([key, vaultPath]) => {
      const { authority } = classify(catalogue, pathIn(environmentNames[0], vaultPath));
      const verdict = checkAuthority("external-secret", authority, { declared: true });
      if (verdict.ok) return [];
      const problem = `${target} reads ${vaultPath}: ${verdict.reason}`;
      return [catalogueError("catalogue-delivery-refused", stage, [...path, "keys", key], problem, verdict.fix)];
    });
    return [...ownedTarget(target, path, catalogue), ...twice, ...paths];
  });
}

/** A delivery's source: known, from outside or made by the bootstrap, and there wherever the delivery is. */
function source(
  delivery: CatalogueDelivery,
  key: string,
  name: string,
  path: KeyPath,
  catalogue: Catalogue,
): readonly CatalogueFinding[] {
  const target = String(path.at(-1));
  const at = delivery.keys === undefined ? [...path, key] : [...path, "keys", key];
  const secret = catalogue.secrets[name];
  if (secret === undefined) {
    const { authority, kind, ...known } = classify(catalogue, name);
    if (kind === "unknown") {
      const close = nearest(name, Object.keys(catalogue.secrets));
      const problem = `${target} reads ${name}, which is not under secrets`;
      const fix =
        close === undefined
          ? `add ${name} under secrets`
          : `did you mean ${close}? otherwise add ${name} under secrets`;
      return [catalogueError("catalogue-delivery-unknown", stage, at, problem, fix)];
    }
    const verdict = checkAuthority("external-secret", authority);
    const problem = `${target} reads ${name}, which is ${authority ?? kind}${verdict.ok ? "" : `: ${verdict.reason}`}`;
    const fix =
      "entry" in known && known.by === "alias"
        ? `read ${known.entry}`
        : "remove it, or declare the delivery under inClusterDeliveries with its producer";
    return [catalogueError("catalogue-delivery-refused", stage, at, problem, fix)];
  }
  const missing = environmentNames.filter(
    (environment) => existsIn(delivery, environment) && !existsIn(secret, environment),
  );
  if (missing.length === 0) return [];
  const problem = `${target} is delivered in ${missing.join(", ")}, where ${name} does not exist`;
  const fix = `give the delivery the environments of ${name}, or add them to ${name}`;
  return [catalogueError("catalogue-delivery-elsewhere", stage, at, problem, fix)];
}

/**
 * A target that something in the cluster makes: two writers would undo each other (412). A declaration is an exact name,
 * so patterns count only for those authorities whose Secrets no ExternalSecret may make.
 */
function ownedTarget(target: string, path: KeyPath, catalogue: Catalogue): readonly CatalogueFinding[] {
  const owner = clusterOwnerOf(catalogue, target);
  if (owner === undefined || checkAuthority("target-secret", owner.authority, { declared: true }).ok) return [];
  if (owner.by === "pattern" && path[0] === "inClusterDeliveries") return [];
  const by = owner.by === "pattern" ? ` by the pattern ${owner.entry}` : "";
  const problem = `the target ${target} belongs to ${owner.authority}${by}`;
  const fix = "choose another target, or leave the Secret to its owner";
  return [catalogueError("catalogue-target-owned", stage, path, problem, fix)];
}

/** Two declarations with one target or one ExternalSecret. */
function madeTwice(
  target: string,
  externalSecret: string,
  path: KeyPath,
  made: FirstOwners,
  { inClusterDeliveries }: Catalogue,
): readonly CatalogueFinding[] {
  const found: CatalogueFinding[] = [];
  const other = inClusterDeliveries[target];
  if (other !== undefined) {
    const problem = `${target} is declared twice, under deliveries and under inClusterDeliveries (made by ${other.producer})`;
    found.push(catalogueError("catalogue-target-twice", stage, path, problem, "keep one of the two"));
  }
  const first =
    made.claim(externalSecret, target) ??
    Object.entries(inClusterDeliveries).find(
      ([name, one]) => name !== target && one.externalSecret === externalSecret,
    )?.[0];
  if (first !== undefined) found.push(sameExternalSecret(externalSecret, first, target, path));
  return found;
}

function sameExternalSecret(externalSecret: string, first: string, second: string, path: KeyPath): CatalogueFinding {
  const problem = `the ExternalSecret ${externalSecret} makes both ${first} and ${second}`;
  return catalogueError(
    "catalogue-external-secret-twice",
    stage,
    path,
    problem,
    "give one of them another externalSecret",
  );
}
