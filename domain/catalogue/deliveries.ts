import { ownNamespace, type Catalogue, externalSecretName, existsIn, sourcesOf } from "./catalogue.ts";
import { namespaceOf, normalise, pathInEach, vaultPathOf } from "../names.ts";
import { environmentNames, type EnvironmentName } from "../stage.ts";

/** A delivery that the catalogue declares, whoever creates its ExternalSecret. */
export interface DeclaredDelivery {
  readonly target: string;
  readonly externalSecret: string;
  /** Whether this program creates the ExternalSecret. */
  readonly isOurs: boolean;
  /** Whether any namespace may have it: the settings say which namespaces receive a pull secret. */
  readonly anyNamespace: boolean;
  /** `environment` means the environment's own namespace. */
  readonly namespaces: readonly string[];
  readonly environments?: readonly EnvironmentName[] | undefined;
  /** Key in the target -> path under the KV v2 mount, with `<env>`; for a pull secret `username` and `password`. */
  readonly paths: ReadonlyMap<string, string>;
  /** Whether the keys in the target are part of the declaration; if not, the paths alone are. */
  readonly keysAreDeclared: boolean;
  /** Whether External Secrets owns the Secret, or adds keys to one that another owner creates. */
  readonly creationPolicy: "Owner" | "Merge";
}

/** Every declaration under `deliveries`, then those under `inClusterDeliveries`, in the catalogue's order. */
export function declaredDeliveries({
  secrets,
  deliveries,
  inClusterDeliveries,
}: Pick<Catalogue, "secrets" | "deliveries" | "inClusterDeliveries">): readonly DeclaredDelivery[] {
  const carried = Object.entries(deliveries).map(([target, delivery]) => ({
    target,
    externalSecret: externalSecretName(target, delivery),
    isOurs: delivery.madeBy === undefined,
    anyNamespace: delivery.registry !== undefined,
    namespaces: delivery.namespaces ?? [ownNamespace],
    environments: delivery.environments,
    paths: new Map(sourcesOf(delivery).map(([key, secret]) => [key, vaultPathOf(secret, secrets[secret])])),
    keysAreDeclared: delivery.secrets === undefined,
    creationPolicy: "Owner" as const,
  }));
  const inCluster = Object.entries(inClusterDeliveries).map(([target, delivery]) => ({
    target,
    externalSecret: delivery.externalSecret,
    isOurs: false,
    anyNamespace: false,
    namespaces: delivery.namespaces ?? [ownNamespace],
    environments: delivery.environments,
    paths: new Map(Object.entries(delivery.keys)),
    keysAreDeclared: true,
    creationPolicy: delivery.creationPolicy ?? "Owner",
  }));
  return [...carried, ...inCluster];
}

/** An ExternalSecret's target in a plan, a YAML file or a cluster. */
export interface SecretTarget {
  readonly target: string;
  /** `undefined` where it is not known yet, as in a template. */
  readonly namespace: string | undefined;
  /** `shared` means any environment. */
  readonly environment: EnvironmentName | "shared";
}

const byTarget = new WeakMap<Catalogue, ReadonlyMap<string, DeclaredDelivery>>();

/** The declaration that delivers a target there. An in-cluster one comes before one of `deliveries` with the same target. */
function declarationFor(catalogue: Catalogue, { target, namespace, environment }: SecretTarget) {
  const known = byTarget.get(catalogue) ?? new Map(declaredDeliveries(catalogue).map((one) => [one.target, one]));
  byTarget.set(catalogue, known);
  const declared = known.get(target);
  if (declared === undefined || !existsIn(declared, environment)) return undefined;
  if (declared.anyNamespace || namespace === undefined) return declared;
  const own = environment === "shared" ? environmentNames.map(namespaceOf) : [namespaceOf(environment)];
  const isHere = declared.namespaces.some((name) =>
    name === ownNamespace ? own.includes(namespace) : name === namespace,
  );
  return isHere ? declared : undefined;
}

/** The declaration that a delivery matches in all: target, ExternalSecret, namespace and environment. */
export function declaredDelivery(
  catalogue: Catalogue,
  { externalSecret, ...place }: SecretTarget & { readonly externalSecret: string },
): DeclaredDelivery | undefined {
  const declared = declarationFor(catalogue, place);
  return declared?.externalSecret === externalSecret ? declared : undefined;
}

/** The ExternalSecret that a target belongs to, because `deliveries` names that target there. */
export function ownerOfTarget(catalogue: Catalogue, place: SecretTarget): string | undefined {
  return place.target in catalogue.deliveries ? declarationFor(catalogue, place)?.externalSecret : undefined;
}

/** Whether a declared delivery reads `path` into `secretKey`; `<env>` in the declared path matches any environment. */
export function declares(
  { paths, keysAreDeclared }: DeclaredDelivery,
  secretKey: string | undefined,
  path: string,
): boolean {
  const wanted = normalise(path);
  const candidates = keysAreDeclared ? [paths.get(secretKey ?? "") ?? ""] : [...paths.values()];
  return candidates.some((declared) => pathInEach(declared).some((one) => normalise(one) === wanted));
}

/** The namespaces of declared readers, with the environment's own in place of `environment`. */
export function namespacesIn(names: readonly string[], own: string): readonly string[] {
  return names.map((name) => (name === ownNamespace ? own : name));
}
