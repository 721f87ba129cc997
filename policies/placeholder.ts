import { isFixture, isPlaceholder, isUnrendered } from "../domain/catalogue/fixtures.ts";
import { isPlaceholderShape } from "../domain/value-shapes.ts";
import { type ResourceRule, type RuleContext, type RuleTable } from "./rule.ts";
import { type Path, Undecided } from "./subject/reading.ts";
import { deliveryKinds } from "./subject/references.ts";
import { leavesOf, type Kind, type Subject } from "./subject/subject.ts";

const template = String.raw`template\.(?:data\.|templateFrom\.\d+\.literal$)`;

const valuePaths: Partial<Record<Kind, RegExp>> = {
  DotenvVariable: /^value$/,
  KeyVaultSecret: /^(?:properties\.)?value$/,
  VaultSecret: /^data(?:Json)?(?:\.|$)/,
  Secret: /^(?:data|stringData)\./,
  ConfigMap: /^data\./,
  ExternalSecret: new RegExp(String.raw`^spec\.target\.${template}`),
  ClusterExternalSecret: new RegExp(String.raw`^spec\.externalSecretSpec\.target\.${template}`),
  PushSecret: new RegExp(String.raw`^spec\.${template}`),
  ClusterPushSecret: new RegExp(String.raw`^spec\.pushSecretSpec\.${template}`),
  CronJob: /\.env\.\d+\.value$/,
  Workload: /\.env\.\d+\.value$/,
  Values: /./,
};

const kinds = Object.keys(valuePaths) as Kind[];

/** Kinds that contain only secrets. Elsewhere, such as in values of a chart, a text may look like a placeholder without being one. */
const pipelineKinds: ReadonlySet<Kind> = new Set(["DotenvVariable", "KeyVaultSecret", "VaultSecret"]);

/** What Helm should have rendered; External Secrets does not. */
const helmOnly = /\{\{-?\s*(?:\.Values|\.Release|\.Chart|include\s|template\s|tpl\s|lookup\s)|\{\{\s*(["'`])\s*\{\{/;

export const placeholderRules = {
  "placeholder-fixture": {
    severity: "critical",
    description: "No publicly known development value is used in staging, prod or Key Vault.",
    why: "vault-bootstrap kept the fixture of ghcr-token when Key Vault could not be read: every image pull got 403.",
    remediation: "Set the real value; fixtures are allowed in dev and local only, and never in Key Vault.",
    references: ["P1", "P2"],
    levels: { dev: "off", local: "off" },
    kinds,
    judge: refusing(
      (value, { catalogue }) => isFixture(value, catalogue.fixtures),
      "holds a publicly known development value; set the real one",
    ),
  },
  "placeholder-marker": {
    severity: "critical",
    description: "No placeholder reaches a consumer.",
    why: "NiFi ran with the password CHANGEME, open to everyone. __generate__ is an instruction for vault-bootstrap; anywhere else it is a bug.",
    remediation: "Set the real value, or leave the key out so that the consumer reports what is missing.",
    references: ["P34"],
    kinds,
    judge: refusing(
      (value, { catalogue: { fixtures } }, kind) =>
        isPlaceholder(value, fixtures) || (pipelineKinds.has(kind) && isPlaceholderShape(value)),
      "holds a placeholder; set the real value",
    ),
  },
  "placeholder-unrendered": {
    severity: "high",
    description: "No value is a template that nothing renders.",
    why: "A Helm template inside an ExternalSecret made the text {{ .REDIS_PASSWORD }} the password: Redis had no master, Langfuse never started.",
    remediation: "Render the template before the value is stored; in an ExternalSecret refer to a fetched key.",
    references: ["P17"],
    kinds: ["KeyVaultSecret", "VaultSecret", "Secret", ...deliveryKinds],
    judge: refusing(
      (value, _context, kind) => (deliveryKinds.includes(kind) ? helmOnly.test(value) : isUnrendered(value)),
      "holds a template that nothing renders",
    ),
  },
} satisfies RuleTable;

function valuesOf(subject: Subject) {
  const leaves = leavesOf(subject).filter(({ path }) => valuePaths[subject.kind]?.test(path.join(".")));
  const known = leaves.flatMap(({ path, value }) =>
    value === undefined ? [] : decoded(subject.kind, path, value).map((one) => ({ path, value: one })),
  );
  const unknown = leaves.find(({ value }) => value === undefined);
  if (known.length === 0 && unknown !== undefined) throw new Undecided(unknown.path);
  return known;
}

function decoded(kind: Kind, path: Path, value: string): readonly string[] {
  if (kind === "Secret" && path[0] === "data") return [Buffer.from(value, "base64").toString("utf8")];
  if (kind !== "VaultSecret" || !value.startsWith("{")) return [value];
  try {
    return Object.values(JSON.parse(value) as Record<string, unknown>).map(String);
  } catch {
    return [value];
  }
}

/** Judges values; a problem says where the value is and never prints it. */
function refusing(
  isRefused: (value: string, context: RuleContext, kind: Kind) => boolean,
  problem: string,
): ResourceRule["judge"] {
  return (subject, context) =>
    valuesOf(subject).map(({ path, value }) => isRefused(value, context, subject.kind) && { path, problem });
}
