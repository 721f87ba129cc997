import { z } from "zod";
import type { Strictness } from "../../domain/plan/environment.ts";
import { dev } from "../../environments/dev.ts";
import { local } from "../../environments/local.ts";
import { prod } from "../../environments/prod.ts";
import { environmentSettings, localSettings, sharedSettings } from "../../domain/plan/settings.ts";
import { shared } from "../../environments/shared.ts";
import { staging } from "../../environments/staging.ts";
import { plain, table, type Page } from "../page.ts";
import { credentialsSecret } from "../../domain/names.ts";

export const settings: Page = { path: "docs/settings.md", render: renderSettings };

function renderSettings(): string {
  return `# Settings

\`Pulumi.<stack>.yaml\` says *where* things are, \`environments/<name>.ts\` *how strict* an environment is, and
\`environments/catalogue.yaml\` *which* secrets exist ([secrets](secrets.md)). No key is in two of them. This page is generated
from \`domain/plan/settings.ts\` and \`environments/\`: edit there, then run \`node docs/generate.ts\`.

## Where: \`Pulumi.<stack>.yaml\`

One object, \`ameide-secrets:settings\`. An unknown key is an error, which suggests the nearest known one.
\`ameide-secrets preview --all --offline\` reports every mistake of every stack at once; \`preview --stack <stack>\` and \`up\` also
report values that are still this repository's example. Editors use \`environments/schema/\`.

${table(["key", "stacks", "unless set", "meaning"], stackRows())}

## How strict: \`environments/<name>.ts\`

Reviewed as code. The stack \`shared\` has two of these keys: ${Object.entries(shared)
    .map(([key, value]) => `\`${key}\` is \`${value}\``)
    .join(", ")}.

${table(["key", ...Object.keys(environments), "meaning"], strictnessRows())}
`;
}

const environments = { dev, staging, prod, local };

function strictnessRows(): readonly (readonly string[])[] {
  return Object.entries(strictnessLabels).map(([key, meaning]) => [
    `\`${key}\``,
    ...Object.values(environments).map((one) => String(one[key as keyof Strictness])),
    meaning,
  ]);
}

/** One row per key, with the stacks that have it. */
function stackRows(): readonly (readonly string[])[] {
  const stacks = { shared: sharedSettings, "dev, staging, prod": environmentSettings, local: localSettings };
  const found = Object.entries(stacks).flatMap(([stack, schema]) =>
    leaves(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })).map((leaf) => ({ ...leaf, stack })),
  );
  return [...Map.groupBy(found, ({ path }) => path)].map(([path, [first, ...others]]) => [
    `\`${path}\``,
    [first, ...others].map((leaf) => leaf?.stack).join(", "),
    first?.preset ?? "",
    plain(first?.meaning ?? ""),
  ]);
}

interface Leaf {
  /** Such as `vault.address`. */
  readonly path: string;
  readonly preset: string;
  readonly meaning: string;
}

/** Keys without known keys below them. */
function leaves(schema: z.core.JSONSchema.BaseSchema, path = "", isRequired = false): readonly Leaf[] {
  const { properties, required = [], description = "", default: preset } = schema;
  if (properties === undefined) return [{ path, preset: unlessSet(preset, isRequired), meaning: description }];
  return Object.entries(properties).flatMap(([key, child]) =>
    typeof child === "boolean" ? [] : leaves(child, path === "" ? key : `${path}.${key}`, required.includes(key)),
  );
}

function unlessSet(preset: unknown, isRequired: boolean): string {
  if (isRequired) return "must be set";
  return preset === undefined ? "" : `\`${JSON.stringify(preset)}\``;
}

const strictnessLabels: Readonly<Record<keyof Strictness, string>> = {
  values: "how values get into Key Vault: `data-plane` with `env push`, so that no state contains one; `state` as encrypted properties of resources",
  delivery: "who applies the Kubernetes objects: this program (`pulumi`), or ArgoCD from what `render` wrote (`gitops`)",
  source: "where vault-bootstrap reads: `azure-key-vault`, or `kubernetes-secret` on a cluster without Azure",
  initialise: "whether vault-bootstrap may initialise a new Vault",
  unseal: `\`from-secret\`: vault-bootstrap unseals with the key in \`${credentialsSecret}\`; \`kms\`: Vault unseals itself with a key service; \`manual\`: a person unseals`,
  rootToken:
    `\`stored\`: vault-bootstrap keeps the root token of a Vault that it initialises in \`${credentialsSecret}\`, for manual commands (dev and local only); \`revoked\`: it keeps only the unseal key, and the command line generates a root token when it needs one and revokes it`,
  vaultAuth: "`outside-pod`: Vault runs outside the cluster; allowed in `local` only",
  expiredValues: "what vault-bootstrap does with a new value that has expired in Key Vault: it writes the value to Vault and warns, or refuses it; a value that is already in Vault stays",
  fixturesAllowed: "whether publicly known development values may be written if Vault has no value",
  protect: "whether resources with values have Pulumi's `protect` and `retainOnDelete`",
  admission: "what the API server does with an object that the admission policies refuse: `off`, `audit`, `warn` or `deny`",
  refreshIntervalInSeconds: "how often External Secrets reads Vault; each ExternalSecret varies by up to a tenth",
  bootstrapIntervalInMinutes: "time between two runs of vault-bootstrap; must divide 60",
  maxVersions: "how many versions of each secret Vault keeps",
  tokenTtlInSeconds: "how long a token of Vault's Kubernetes auth is valid",
  makesNamespaces: "whether this program creates the namespaces; otherwise they must exist",
};
