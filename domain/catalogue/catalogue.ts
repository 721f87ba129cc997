import { z } from "zod";
import { environmentNames, environmentPlaceholder, type EnvironmentName } from "../stage.ts";

/** Who owns a secret's value. All but `external` are cluster-managed (design: "Words"). */
export const authorities = [
  "external",
  "cnpg",
  "redis",
  "keycloak",
  "helm",
  "service",
  "generated",
  "tls",
  "bootstrap",
] as const;

export type Authority = (typeof authorities)[number];

/** In `consumers` and `namespaces`: the environment's own namespace, whatever its name. */
export const ownNamespace = "environment";

export const secretName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,125}[a-z0-9])?$/, "use a-z, 0-9 and single hyphens, 1 to 127");
const kubernetesName = z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, "use a DNS subdomain name");
const namespaceName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "use a DNS label");
const environments = z.array(z.enum(environmentNames)).min(1);
const secretKey = z.string().regex(/^[-._a-zA-Z0-9]+$/, "use a-z, A-Z, 0-9, -, _ and .");

/** Vault refuses `..`, and reads `+` and `*` in a policy as wildcards. `placeholder` counts as a letter. */
function pathExpression(placeholder?: string): RegExp {
  const [letter, inner] = ["[A-Za-z0-9]", "[A-Za-z0-9._-]"].map((one) =>
    placeholder === undefined ? one : `(?:${one}|${placeholder})`,
  );
  const name = `${letter}(?:${inner}*${letter})?`;
  return new RegExp(String.raw`^(?!(?:secret|data|metadata)/)(?!.*\.\.)${name}(?:/${name})*$`);
}

const pathRule = "use names of a-z, A-Z, 0-9, -, _ and . with single slashes between them, without the mount";
export const vaultPath = z.string().max(255).regex(pathExpression(), pathRule);
const vaultPathByEnvironment = z.string().max(255).regex(pathExpression(environmentPlaceholder), pathRule);
/** A variable, a secret, a path or the name of a Kubernetes object, as people write it. */
const anyName = vaultPath;
const nameOrPattern = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9*._/-]+$/, "use a name of a-z, A-Z, 0-9, -, _, . and /, with * for any characters");
/** `*` matches any characters; compared against the name in lower case with `_` as `-`. */
const pattern = z.string().regex(/^[a-z0-9*/-]+$/, "use a-z, 0-9, -, / and *");

const provenance = {
  owner: z.string().optional(),
  reason: z.string().optional(),
  see: z.string().optional(),
};

const externalSecret = z.strictObject({
  authority: z.literal("external"),
  env: z.string().regex(/^[A-Z][A-Z0-9_.]*$/, "use a variable's name in capitals"),
  /** @default - the secret's own name. */
  keyVault: secretName.optional(),
  /** Path under the KV v2 mount. @default - the secret's own name. */
  vault: vaultPath.optional(),
  /** Environments where vault-bootstrap fails without it. @default - none */
  required: environments.optional(),
  /** @default - every environment. */
  environments: environments.optional(),
  /** Namespaces where ExternalSecrets of others read it; `environment` is the environment's own. @default - none */
  consumers: z.array(namespaceName).optional(),
  /** Other names it went by; refused with this one named. */
  aliases: z.array(anyName).optional(),
  rotateEvery: z
    .string()
    .regex(/^\d+d$/, "use days, such as 90d")
    .optional(),
  minLengthInCharacters: z.int().min(1).optional(),
  /** Publicly known value that the bootstrap writes where nothing is, in dev and local only. @default - none */
  fixture: z.string().optional(),
  ...provenance,
});

const generatedSecret = z.strictObject({
  authority: z.literal("generated"),
  lengthInCharacters: z.int().min(16).max(256).default(48),
  ...externalSecret.pick({ vault: true, environments: true, consumers: true, aliases: true }).shape,
  ...provenance,
});

const clusterManaged = z
  .strictObject({
    name: anyName.optional(),
    pattern: pattern.optional(),
    authority: z.enum(authorities).exclude(["external"]),
    /** Vault names, keys and former names that mean the same secret. */
    aliases: z.array(anyName).optional(),
    ...provenance,
  })
  .refine(({ name, pattern: p }) => (name === undefined) !== (p === undefined), "give either name or pattern");

const delivery = z
  .strictObject({
    /** Name of the ExternalSecret. @default - the target's name with `-sync`. */
    externalSecret: kubernetesName.optional(),
    /** The owner of the chart that creates the ExternalSecret. @default - this program creates it */
    madeBy: z.string().optional(),
    type: z.enum(["Opaque", "kubernetes.io/dockerconfigjson"]).default("Opaque"),
    /** Key in the target -> secret. Opaque only. */
    keys: z.record(secretKey, secretName).optional(),
    /** Secrets that it reads, where the keys in the target are not ours to know; `madeBy` others only. */
    secrets: z.array(secretName).min(1).optional(),
    /** dockerconfigjson only: host, and the secrets that its user name and password come from. */
    registry: z.string().optional(),
    username: secretName.optional(),
    password: secretName.optional(),
    /** ServiceAccounts that list the target in imagePullSecrets. @default - `default` for dockerconfigjson */
    serviceAccounts: z.array(kubernetesName).optional(),
    /** `madeBy` others only; `environment`, the default, means the environment's own namespace. */
    namespaces: z.array(namespaceName).optional(),
    environments: environments.optional(),
    refreshIntervalInSeconds: z.int().min(60).optional(),
    ...provenance,
  })
  .refine(
    (d) =>
      d.type === "Opaque"
        ? d.registry === undefined && d.username === undefined && d.password === undefined
        : d.registry !== undefined && d.username !== undefined && d.password !== undefined,
    "Opaque must not have registry, username and password; kubernetes.io/dockerconfigjson needs all three",
  )
  .refine(
    (d) => [d.keys, d.secrets, d.registry].filter((given) => given !== undefined).length === 1,
    "set keys, or registry for a kubernetes.io/dockerconfigjson, or secrets for a Secret that something else creates (madeBy)",
  )
  .refine(
    (d) => d.madeBy !== undefined || (d.secrets === undefined && d.namespaces === undefined),
    "set secrets and namespaces only together with madeBy; the stack's settings decide where this program's own Secrets are",
  );

const inClusterDelivery = z.strictObject({
  externalSecret: kubernetesName,
  authority: z.enum(["keycloak", "service", "generated"]),
  /** What writes the value into Vault, such as `keycloak-client-patcher`. */
  producer: z.string(),
  /** Key in the target -> path under the KV v2 mount; `<env>` in it is replaced by the environment's name. */
  keys: z.record(secretKey, vaultPathByEnvironment),
  /** `Merge` for a Secret that another owner creates: only the declared keys are written. @default "Owner" */
  creationPolicy: z.enum(["Owner", "Merge"]).optional(),
  /** `environment`, the default, means the environment's own namespace. */
  namespaces: z.array(namespaceName).optional(),
  environments: environments.optional(),
  ...provenance,
});

/** The one list of all secrets. Unknown keys are refused: a typing slip must not weaken a rule. */
export const catalogueSchema = z.strictObject({
  secrets: z.record(secretName, z.discriminatedUnion("authority", [externalSecret, generatedSecret])),
  clusterManaged: z.array(clusterManaged),
  deliveries: z.record(kubernetesName, delivery),
  /** Created by other charts, with values of in-cluster producers; declared so that the rules allow exactly these. */
  inClusterDeliveries: z.record(kubernetesName, inClusterDelivery).default({}),
  /** Clients with secrets that the client-patcher copies from Keycloak into Vault. */
  keycloakClients: z.array(z.strictObject({ clientId: z.string(), vaultKey: secretName })).default([]),
  /** Names and patterns of variables in `.env` that are plain values, no secrets. */
  settings: z.array(nameOrPattern),
  /** Names and patterns that are refused. `use` names what to use instead; `*` in it is replaced by what the pattern's `*` matched. */
  retired: z.record(
    nameOrPattern,
    z.strictObject({ since: z.iso.date(), use: nameOrPattern.optional(), ...provenance }),
  ),
  fixtures: z.strictObject({
    /** Development values that were found in use as if real; `*` at the end matches any rest. */
    values: z.array(z.string()),
    /** Markers that must never reach a consumer. */
    placeholders: z.array(z.string()),
  }),
});

export type Catalogue = z.infer<typeof catalogueSchema>;
export type CatalogueSecret = Catalogue["secrets"][string];
export type CatalogueDelivery = Catalogue["deliveries"][string];

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

/** Days after which a value must be replaced: `rotateEvery` of its entry. @default - no limit */
export function lifetimeInDays({ rotateEvery }: Pick<ExternalSecret, "rotateEvery">): number | undefined {
  return rotateEvery === undefined ? undefined : Number.parseInt(rotateEvery, 10);
}

export function expiryAfter(lifetime: number | undefined, written: Date): Date | undefined {
  return lifetime === undefined ? undefined : new Date(written.getTime() + lifetime * 86_400_000);
}

/** Key in the target and its secret; where others create the delivery, the key is the secret's own name. */
export function sourcesOf(delivery: CatalogueDelivery): readonly (readonly [string, string])[] {
  const { keys = {}, secrets = [], username, password } = delivery;
  return [
    ...Object.entries(keys),
    ...secrets.map((name) => [name, name] as const),
    ...(username === undefined ? [] : [["username", username] as const]),
    ...(password === undefined ? [] : [["password", password] as const]),
  ];
}

/** Name of a delivery's ExternalSecret; document 451 uses the target's name with `-sync`. */
export function externalSecretName(
  target: string,
  { externalSecret }: { readonly externalSecret?: string | undefined },
): string {
  return externalSecret ?? `${target}-sync`;
}
