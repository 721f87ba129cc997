import {
  ownNamespace,
  type Catalogue,
  type CatalogueDelivery,
  externalSecretName,
  existsIn,
  sourcesOf,
} from "./catalogue.ts";
import { namespaceOf, normalise, pathInEach, vaultPathOf } from "../names.ts";
import { environmentNames, type EnvironmentName } from "../stage.ts";

/** An ExternalSecret found in a plan, a YAML file or a cluster. */
export interface MetDelivery {
  readonly externalSecret: string;
  readonly target: string;
  /** `undefined` where it is not known yet, as in a template. */
  readonly namespace: string | undefined;
  /** Where it was found; `shared` means in any environment. */
  readonly environment: EnvironmentName | "shared";
}

/** A delivery that the catalogue declares, whoever creates it. */
export interface DeclaredDelivery {
  /** Key in the target -> path under the KV v2 mount; for a pull secret `username` and `password`. */
  readonly paths: ReadonlyMap<string, string>;
  /** Whether the keys in the target are part of the declaration; if not, the paths alone are. */
  readonly keysAreDeclared: boolean;
  /** Whether External Secrets owns the Secret, or adds keys to one that another owner creates. */
  readonly creationPolicy: "Owner" | "Merge";
}

/**
 * The declaration that a delivery matches.
 *
 * @returns `undefined` unless target, ExternalSecret, namespace and environment all agree with one.
 */
export function declaredDelivery(catalogue: Catalogue, met: MetDelivery): DeclaredDelivery | undefined {
  const inCluster = catalogue.inClusterDeliveries[met.target];
  if (inCluster !== undefined) {
    const here = inCluster.externalSecret === met.externalSecret && isHere(inCluster, met);
    if (!here) return undefined;
    const { keys, creationPolicy = "Owner" } = inCluster;
    return { paths: new Map(Object.entries(keys)), keysAreDeclared: true, creationPolicy };
  }
  const delivery = catalogue.deliveries[met.target];
  if (delivery === undefined || externalSecretName(met.target, delivery) !== met.externalSecret) return undefined;
  if (!isDeliveredTo(delivery, met)) return undefined;
  const paths = sourcesOf(delivery).map(([key, name]) => [key, vaultPathOf(name, catalogue.secrets[name])] as const);
  return { paths: new Map(paths), keysAreDeclared: delivery.secrets === undefined, creationPolicy: "Owner" };
}

/**
 * The ExternalSecret that a target belongs to, because the catalogue delivers that target there.
 *
 * @returns `undefined` for a target that `deliveries` does not name, or not in this namespace or environment.
 */
export function ownerOfTarget(
  { deliveries }: Pick<Catalogue, "deliveries">,
  met: Pick<MetDelivery, "target" | "namespace" | "environment">,
): string | undefined {
  const delivery = deliveries[met.target];
  if (delivery === undefined || !isDeliveredTo(delivery, met)) return undefined;
  return externalSecretName(met.target, delivery);
}

/** The settings say which namespaces receive a pull secret, so any may. */
function isDeliveredTo(
  delivery: CatalogueDelivery,
  { namespace, environment }: Pick<MetDelivery, "namespace" | "environment">,
): boolean {
  if (delivery.registry !== undefined) return existsIn(delivery, environment);
  return isHere(delivery, { namespace, environment });
}

/** Whether a declared delivery reads `path` into `secretKey`; `<env>` in the declared path matches any environment. */
export function declares(
  { paths, keysAreDeclared }: DeclaredDelivery,
  secretKey: string | undefined,
  path: string,
): boolean {
  const wanted = normalise(path);
  const candidates = keysAreDeclared ? [paths.get(secretKey ?? "")] : [...paths.values()];
  return candidates.some(
    (declared) => declared !== undefined && pathInEach(declared).some((one) => normalise(one) === wanted),
  );
}

function isHere(
  declared: {
    readonly namespaces?: readonly string[] | undefined;
    readonly environments?: EnvironmentName[] | undefined;
  },
  { namespace, environment }: Pick<MetDelivery, "namespace" | "environment">,
): boolean {
  if (!existsIn(declared, environment)) return false;
  if (namespace === undefined) return true;
  const own = environment === "shared" ? environmentNames.map(namespaceOf) : [namespaceOf(environment)];
  return (declared.namespaces ?? [ownNamespace]).some((name) =>
    name === ownNamespace ? own.includes(namespace) : name === namespace,
  );
}
