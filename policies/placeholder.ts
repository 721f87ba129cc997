import { isFixture, isPlaceholder, isUnrendered } from "../domain/catalogue/fixtures.ts";
import { isPlaceholderShape } from "../domain/placeholder-shapes.ts";
import { type ResourceRule, type RuleContext, type Violation } from "./rule.ts";
import type { Path } from "./subject/reading.ts";
import type { Kind, Leaf, Subject } from "./subject/subject.ts";
import { Undecided } from "./subject/reading.ts";

/** Where a subject holds values that a consumer will take for real ones. */
const valuePaths: Partial<Record<Kind, readonly RegExp[]>> = {
  DotenvVariable: [/^value$/],
  KeyVaultSecret: [/^(?:properties\.)?value$/],
  VaultSecret: [/^data(?:Json)?(?:\.|$)/],
  Secret: [/^(?:data|stringData)\./],
  ConfigMap: [/^data\./],
  ExternalSecret: [/^spec\.target\.template\.(?:data\.|templateFrom\.\d+\.literal$)/],
  ClusterExternalSecret: [/^spec\.externalSecretSpec\.target\.template\.(?:data\.|templateFrom\.\d+\.literal$)/],
  PushSecret: [/^spec\.template\.(?:data\.|templateFrom\.\d+\.literal$)/],
  ClusterPushSecret: [/^spec\.pushSecretSpec\.template\.(?:data\.|templateFrom\.\d+\.literal$)/],
  CronJob: [/\.env\.\d+\.value$/],
  Workload: [/\.env\.\d+\.value$/],
  Values: [/./],
};

const kinds = Object.keys(valuePaths) as Kind[];

/** Scalars that are values; a Secret's `data` is decoded, a JSON text is taken apart. @throws Undecided if none is known */
function valuesOf(subject: Subject): readonly { readonly path: Path; readonly value: string }[] {
  const paths = valuePaths[subject.kind] ?? [];
  const own = subject.leaves().filter(({ path }) => paths.some((wanted) => wanted.test(path.join("."))));
  const known = own.flatMap((leaf) => decoded(subject, leaf));
  const unknown = own.find(({ value }) => value === undefined);
  if (known.length === 0 && unknown !== undefined) throw new Undecided(unknown.path);
  return known;
}

function decoded({ kind }: Subject, { path, value }: Leaf): readonly { readonly path: Path; readonly value: string }[] {
  if (value === undefined) return [];
  if (kind === "Secret" && path[0] === "data") return [{ path, value: Buffer.from(value, "base64").toString("utf8") }];
  if (kind !== "VaultSecret" || !value.startsWith("{")) return [{ path, value }];
  try {
    const fields = Object.values(JSON.parse(value) as Record<string, unknown>);
    return fields.map((field) => ({ path, value: String(field) }));
  } catch {
    return [{ path, value }];
  }
}

/** Rules over values: nothing that they find is ever printed, only where it stands. */
function overValues(
  refuses: (value: string, context: RuleContext, subject: Subject) => boolean,
  problem: string,
): ResourceRule["judge"] {
  return (subject, context) =>
    valuesOf(subject)
      .filter(({ value }) => refuses(value, context, subject))
      .map(({ path }): Violation => ({ path, problem }));
}

/** Values that go through the pipeline are secrets. Elsewhere, such as in a chart's values, a text may well look like one. */
function isPipelineValue(kind: Kind): boolean {
  return kind === "DotenvVariable" || kind === "KeyVaultSecret" || kind === "VaultSecret";
}

export const placeholderMarker: ResourceRule = {
  id: "placeholder-marker",
  severity: "critical",
  description: "No placeholder reaches a consumer.",
  why: "NiFi ran on CHANGEME, open to all; __generate__ is an order to the bootstrap, and a bug wherever it is read.",
  remediation: "Set the real value, or leave the key out so that the consumer says what is missing.",
  references: ["P34"],
  kinds,
  judge: overValues(
    (value, { catalogue }, { kind }) =>
      isPlaceholder(value, catalogue.fixtures) || (isPipelineValue(kind) && isPlaceholderShape(value)),
    "holds a placeholder; set the real value",
  ),
};

export const placeholderFixture: ResourceRule = {
  id: "placeholder-fixture",
  severity: "critical",
  description: "No publicly known development value is used where it matters.",
  why: "The bootstrap kept the fixture of ghcr-token when Key Vault could not be read: 403 for every image of the cluster.",
  remediation: "Set the real value; fixtures live in dev and local, and nowhere in Key Vault.",
  references: ["P1", "P2"],
  levels: { dev: "off", local: "off" },
  kinds,
  judge: overValues(
    (value, { catalogue }) => isFixture(value, catalogue.fixtures),
    "holds a publicly known development value; set the real one",
  ),
};

/** What Helm should have filled in, and ESO will not. */
const helmOnly = /\{\{-?\s*(?:\.Values|\.Release|\.Chart|include\s|template\s|tpl\s|lookup\s)/;

export const placeholderUnrendered: ResourceRule = {
  id: "placeholder-unrendered",
  severity: "high",
  description: "No value is a template that nobody fills in.",
  why: "Helm inside ESO wrote the text {{ .REDIS_PASSWORD }} as the password: Redis had no master, Langfuse never started.",
  remediation: "Fill the template in before it is stored; in an ExternalSecret refer to a fetched key.",
  references: ["P17"],
  kinds: ["KeyVaultSecret", "VaultSecret", "Secret", "ExternalSecret", "ClusterExternalSecret"],
  judge: overValues(
    (value, _context, { kind }) =>
      kind === "ExternalSecret" || kind === "ClusterExternalSecret"
        ? helmOnly.test(value) || /\{\{\s*(["'`])\s*\{\{/.test(value)
        : isUnrendered(value),
    "holds a template that nobody fills in",
  ),
};
