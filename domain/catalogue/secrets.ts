import type { Catalogue, CatalogueDelivery, CatalogueSecret } from "./catalogue.ts";
import type { EnvironmentName } from "../stage.ts";

export type ExternalSecret = Extract<CatalogueSecret, { authority: "external" }>;

/** Whether an entry exists in `environment`: everywhere, where it does not say otherwise; `shared` has all. */
export function existsIn(
  entry: { readonly environments?: readonly EnvironmentName[] | undefined },
  environment: EnvironmentName | "shared",
): boolean {
  return environment === "shared" || (entry.environments?.includes(environment) ?? true);
}

/** Secrets that come from outside the cluster and exist in `environment`, by name, in the catalogue's order. */
export function externalSecretsOf(
  catalogue: Catalogue,
  environment: EnvironmentName | "shared",
): ReadonlyMap<string, ExternalSecret> {
  const found = new Map<string, ExternalSecret>();
  for (const [name, secret] of Object.entries(catalogue.secrets)) {
    if (secret.authority === "external" && existsIn(secret, environment)) found.set(name, secret);
  }
  return found;
}

/**
 * Key in the target and secret that it comes from; `username` and `password` for a pull secret, the secret's own name
 * where others make the delivery and its keys are not ours to know.
 */
export function sourcesOf(delivery: CatalogueDelivery): readonly (readonly [string, string])[] {
  const { keys = {}, secrets = [], username, password } = delivery;
  return [
    ...Object.entries(keys),
    ...secrets.map((name) => [name, name] as const),
    ...(username === undefined ? [] : [["username", username] as const]),
    ...(password === undefined ? [] : [["password", password] as const]),
  ];
}

/** Name of a delivery's ExternalSecret; the seed's habit is the target's name with `-sync`. */
export function externalSecretName(
  target: string,
  { externalSecret }: { readonly externalSecret?: string | undefined },
): string {
  return externalSecret ?? `${target}-sync`;
}
