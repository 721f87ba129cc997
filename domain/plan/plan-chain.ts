import { createHash } from "node:crypto";
import {
  type Catalogue,
  type CatalogueDelivery,
  type CatalogueSecret,
  externalSecretName,
  existsIn,
  sourcesOf,
} from "../catalogue/catalogue.ts";
import { declaredDeliveries, namespacesIn } from "../catalogue/deliveries.ts";
import { effectivePrefix, isKeyVaultName, pathIn, unprefixedKeyVaultName, vaultPathOf } from "../names.ts";
import type { ChainPlan, PlannedDelivery, PlannedSecret, PlannedStore } from "./environment.ts";
import type { EnvironmentName } from "../stage.ts";
import { UserError } from "../user-error.ts";

const storeName = "ameide-vault";
/** ServiceAccount that a store logs in to Vault with; never `default`, which every pod has. */
export const storeServiceAccount = "ameide-vault-reader";

export interface ChainOptions {
  readonly environment: EnvironmentName;
  /** The environment's own namespace, such as `ameide-dev`. */
  readonly namespace: string;
  readonly secretPrefix: string | undefined;
  /** Namespaces with a store in addition to the environment's own (document 451's `extraSecretStores`). */
  readonly additionalNamespaces: readonly string[];
  /** Namespaces that receive the registry's pull secrets as well. */
  readonly registryAdditionalNamespaces: readonly string[];
  /** Before the spread; at least 60. */
  readonly refreshIntervalInSeconds: number;
  /** Whether the bootstrap writes fixtures where nothing is. @default false */
  readonly fixturesAllowed?: boolean;
}

/** Plans one environment's pipeline from the catalogue. @throws UserError if a Key Vault name would not be valid. */
export function planChain(catalogue: Catalogue, place: ChainOptions): ChainPlan {
  const { environment, namespace } = place;
  const deliveries = Object.entries(catalogue.deliveries)
    .filter(([, delivery]) => delivery.madeBy === undefined && existsIn(delivery, environment))
    .flatMap(([target, delivery]) => plannedDeliveries(target, delivery, catalogue, place));
  const namespaces = new Set([namespace, ...place.additionalNamespaces, ...place.registryAdditionalNamespaces]);
  return {
    environment,
    namespace,
    secrets: Object.entries(catalogue.secrets)
      .filter(([, secret]) => existsIn(secret, environment))
      .map(([name, secret]) => plannedSecret(name, secret, place)),
    stores: [...namespaces].map((name) => plannedStore(name, deliveries, catalogue, place)),
    deliveries,
    patcherPaths: [...new Set(catalogue.keycloakClients.map(({ vaultKey }) => vaultKey))].toSorted(),
  };
}

/** Spreads refreshes by ±10 %, by a hash of `key`, to spare Vault. @returns whole seconds, at least 60. */
export function spreadRefresh(intervalInSeconds: number, key: string): number {
  const share = createHash("sha256").update(key).digest().readUInt32BE(0) / 0xffff_ffff;
  return Math.max(60, Math.round(intervalInSeconds * (0.9 + 0.2 * share)));
}

function plannedSecret(name: string, secret: CatalogueSecret, place: ChainOptions): PlannedSecret {
  const vaultPath = vaultPathOf(name, secret);
  if (secret.authority === "generated") {
    const { authority, lengthInCharacters } = secret;
    return { name, authority, vaultPath, required: false, lengthInCharacters };
  }
  return {
    name,
    authority: secret.authority,
    variable: secret.env,
    keyVaultName: keyVaultName(unprefixedKeyVaultName(name, secret), place.secretPrefix),
    vaultPath,
    required: secret.required?.includes(place.environment) ?? false,
    ...(secret.fixture === undefined ? {} : { fixture: secret.fixture }),
  };
}

function plannedDeliveries(
  target: string,
  delivery: CatalogueDelivery,
  { secrets }: Catalogue,
  place: ChainOptions,
): readonly PlannedDelivery[] {
  const name = externalSecretName(target, delivery);
  const pull = delivery.type === "kubernetes.io/dockerconfigjson";
  const interval = delivery.refreshIntervalInSeconds ?? place.refreshIntervalInSeconds;
  const keys = sourcesOf(delivery).map(([secretKey, secret]) => ({
    secretKey,
    secret,
    vaultPath: vaultPathOf(secret, secrets[secret]),
  }));
  const mayLackValue = new Set(keys.flatMap(({ secret }) => (isPromised(secrets[secret], place) ? [] : [secret])));
  return [...new Set([place.namespace, ...(pull ? place.registryAdditionalNamespaces : [])])].map((namespace) => ({
    namespace,
    refreshIntervalInSeconds: spreadRefresh(interval, `${namespace}/${name}`),
    name,
    target,
    storeName,
    type: delivery.type,
    keys,
    ...(delivery.registry !== undefined && { registry: delivery.registry }),
    imagePullServiceAccounts: pull ? (delivery.serviceAccounts ?? ["default"]) : [],
    ...(mayLackValue.size > 0 && { mayLackValue: [...mayLackValue] }),
  }));
}

/** Whether a run of the bootstrap that succeeds leaves a value in Vault. */
function isPromised(secret: CatalogueSecret | undefined, { environment, fixturesAllowed }: ChainOptions): boolean {
  if (secret?.authority !== "external") return secret !== undefined;
  return secret.required?.includes(environment) === true || (fixturesAllowed === true && secret.fixture !== undefined);
}

function plannedStore(
  namespace: string,
  deliveries: readonly PlannedDelivery[],
  catalogue: Catalogue,
  place: ChainOptions,
): PlannedStore {
  const role = `ameide-secrets-reader-${namespace}`;
  const isRead = (readers: readonly string[]): boolean => namespacesIn(readers, place.namespace).includes(namespace);
  const delivered = deliveries
    .filter((delivery) => delivery.namespace === namespace)
    .flatMap(({ keys }) => keys.map(({ vaultPath }) => vaultPath));
  const deliveredByOthers = declaredDeliveries(catalogue)
    .filter((one) => !one.isOurs && existsIn(one, place.environment) && isRead(one.namespaces))
    .flatMap(({ paths }) => [...paths.values()].map((path) => pathIn(place.environment, path)));
  const consumed = Object.entries(catalogue.secrets)
    .filter(([, secret]) => existsIn(secret, place.environment) && isRead(secret.consumers ?? []))
    .map(([name, secret]) => vaultPathOf(name, secret));
  return {
    name: storeName,
    namespace,
    role,
    policy: role,
    serviceAccount: storeServiceAccount,
    readablePaths: [...new Set([...delivered, ...deliveredByOthers, ...consumed])].toSorted(),
  };
}

/**
 * Name of a secret in Key Vault. `secretPrefix`: not set means `env-`, `""` means no prefix.
 * @throws UserError unless it has 1 to 127 characters of `a-z`, `0-9`, `-`, prefix included.
 * @see https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates
 */
export function keyVaultName(name: string, secretPrefix: string | undefined): string {
  const full = `${effectivePrefix(secretPrefix)}${name}`;
  if (name === "" || !isKeyVaultName(full)) {
    throw UserError.of(
      "key-vault-name-invalid",
      `${JSON.stringify(full)} (${full.length} characters, prefix included) cannot name a Key Vault secret`,
      "use 1 to 127 characters of a-z, 0-9 and -",
    );
  }
  return full;
}

export function byKeyVaultName<Value>(
  values: Iterable<readonly [name: string, Value]>,
  { secrets }: Pick<Catalogue, "secrets">,
  secretPrefix: string | undefined,
): ReadonlyMap<string, Value> {
  return new Map(
    [...values].map(([name, value]) => {
      const secret = secrets[name];
      const own = secret?.authority === "external" ? unprefixedKeyVaultName(name, secret) : name;
      return [keyVaultName(own, secretPrefix), value] as const;
    }),
  );
}
