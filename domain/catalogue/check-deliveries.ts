import { externalSecretName, existsIn, sourcesOf, type Catalogue, type CatalogueDelivery } from "./catalogue.ts";
import { checkAuthority } from "./authority.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { classify, clusterOwnerOf } from "./lookup.ts";
import { pathIn } from "../names.ts";
import { nearest } from "../nearest.ts";
import { formatPath, type KeyPath } from "../schema-findings.ts";
import { environmentNames, type Stage } from "../stage.ts";

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
  return { ...errorFinding(code, stage, formatPath(path), problem, fix), path };
}

/** Remembers who claimed each name first. */
export class FirstOwners {
  readonly #owners = new Map<string, string>();

  /** @returns the first owner of `name`, if it is another than `owner`. */
  claim(name: string, owner: string): string | undefined {
    const first = this.#owners.get(name);
    if (first === undefined) this.#owners.set(name, owner);
    return first === owner ? undefined : first;
  }
}

function refuse(code: string, path: KeyPath, problem: string, fix: string): CatalogueFinding {
  return catalogueError(`catalogue-${code}`, "external-secret", path, problem, fix);
}

/** Deliveries that read what is not allowed, or write where another one writes. */
export function checkDeliveries(catalogue: Catalogue): readonly CatalogueFinding[] {
  const { deliveries, inClusterDeliveries } = catalogue;
  const claimed = new FirstOwners();
  return Object.entries(deliveries).flatMap(([target, delivery]) => {
    const path = ["deliveries", target];
    const found = [...ownedTarget(target, path, catalogue)];
    const other = inClusterDeliveries[target];
    if (other !== undefined) {
      const problem = `${target} is declared twice, under deliveries and under inClusterDeliveries (producer ${other.producer})`;
      found.push(refuse("target-twice", path, problem, "keep one of the two"));
    }
    const externalSecret = externalSecretName(target, delivery);
    const first =
      claimed.claim(externalSecret, target) ??
      Object.entries(inClusterDeliveries).find(
        ([name, one]) => name !== target && one.externalSecret === externalSecret,
      )?.[0];
    if (first !== undefined) found.push(sameExternalSecret(externalSecret, first, target, path));
    return [...found, ...sourcesOf(delivery).flatMap(([key, name]) => source(delivery, key, name, path, catalogue))];
  });
}

/** In-cluster deliveries that read what no ExternalSecret may read, or that two declarations claim. */
export function checkInClusterDeliveries(catalogue: Catalogue): readonly CatalogueFinding[] {
  const claimed = new FirstOwners();
  return Object.entries(catalogue.inClusterDeliveries).flatMap(([target, { externalSecret, keys }]) => {
    const path = ["inClusterDeliveries", target];
    const first = claimed.claim(externalSecret, target);
    const paths = Object.entries(keys).flatMap(([key, vaultPath]) => {
      const { authority } = classify(catalogue, pathIn(environmentNames[0], vaultPath));
      const check = checkAuthority("external-secret", authority, { declared: true });
      if (check.ok) return [];
      return [
        refuse("delivery-refused", [...path, "keys", key], `${target} reads ${vaultPath}: ${check.reason}`, check.fix),
      ];
    });
    return [
      ...ownedTarget(target, path, catalogue),
      ...(first === undefined ? [] : [sameExternalSecret(externalSecret, first, target, path)]),
      ...paths,
    ];
  });
}

/** The source of a key must be under `secrets`, and must exist wherever the delivery does. */
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
  if (secret !== undefined) {
    const missing = environmentNames.filter((one) => existsIn(delivery, one) && !existsIn(secret, one));
    if (missing.length === 0) return [];
    const problem = `${target} is delivered in ${missing.join(", ")}, where ${name} does not exist`;
    const fix = `give the delivery the environments of ${name}, or add them to ${name}`;
    return [refuse("delivery-elsewhere", at, problem, fix)];
  }
  const { authority, kind, ...known } = classify(catalogue, name);
  if (kind === "unknown") {
    const close = nearest(name, Object.keys(catalogue.secrets));
    const add = `add ${name} under secrets`;
    const fix = close === undefined ? add : `did you mean ${close}? otherwise ${add}`;
    return [refuse("delivery-unknown", at, `${target} reads ${name}, which is not under secrets`, fix)];
  }
  const check = checkAuthority("external-secret", authority);
  const problem = `${target} reads ${name}, which is ${authority ?? kind}${check.ok ? "" : `: ${check.reason}`}`;
  const fix =
    "entry" in known && known.by === "alias"
      ? `read ${known.entry}`
      : "remove it, or declare the delivery under inClusterDeliveries with its producer";
  return [refuse("delivery-refused", at, problem, fix)];
}

/**
 * A target that something in the cluster creates: two writers would overwrite each other. A declaration is an exact name, so
 * patterns count only for authorities with Secrets that no ExternalSecret may create.
 */
function ownedTarget(target: string, path: KeyPath, catalogue: Catalogue): readonly CatalogueFinding[] {
  const owner = clusterOwnerOf(catalogue, target);
  if (owner === undefined || checkAuthority("target-secret", owner.authority, { declared: true }).ok) return [];
  if (owner.by === "pattern" && path[0] === "inClusterDeliveries") return [];
  const by = owner.by === "pattern" ? ` by the pattern ${owner.entry}` : "";
  const fix = "choose another target, or leave the Secret to its owner";
  return [refuse("target-owned", path, `the target ${target} belongs to ${owner.authority}${by}`, fix)];
}

function sameExternalSecret(externalSecret: string, first: string, second: string, path: KeyPath): CatalogueFinding {
  const problem = `the ExternalSecret ${externalSecret} creates both ${first} and ${second}`;
  return refuse("external-secret-twice", path, problem, "give one of them another externalSecret");
}
