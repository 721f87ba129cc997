import type { Catalogue } from "../catalogue/catalogue.ts";
import { classify, type Classification } from "../catalogue/lookup.ts";
import { type Variable, shownName, mergeFiles, type DotenvFile } from "./files.ts";
import type { Finding } from "../finding.ts";
import { sanitise } from "../names.ts";
import { passage } from "../catalogue/passage.ts";
import { shapeOf } from "../value-shapes.ts";

/**
 * Why a variable may not stand in `.env`, judged by its name.
 *
 * @param known - anything but a setting or the name of an external secret: those may.
 */
export function nameFinding({ name, where }: Variable, known: Classification, catalogue: Catalogue): Finding {
  const base = { stage: "dotenv", severity: "error", where, subject: name } as const;
  switch (known.kind) {
    case "unknown":
      if (shownName(name) !== name) return spilled(base);
      return {
        ...base,
        code: "dotenv-unknown",
        problem: `${name} is not in the catalogue${meant(known.nearest, catalogue)}`,
        fix: `correct the name, or \`ameide-secrets add ${name}\`, or paste under secrets in environments/catalogue.yaml: ${pasteLine(name)}`,
      };
    case "retired":
      return {
        ...base,
        code: "dotenv-retired",
        problem: `${name} is retired`,
        fix: known.use === undefined ? "remove it" : `use ${variableFor(known.use, catalogue)} instead`,
        ...seeOf(known),
      };
    case "delivery":
      return {
        ...base,
        code: "dotenv-names-a-target",
        problem: `${name} names the Kubernetes Secret ${known.entry}, which is made of other secrets`,
        fix: `set ${sourcesOf(known.entry, catalogue).join(" and ")} instead`,
        ...seeOf(known),
      };
    case "secret":
      if (known.authority === "external") {
        return {
          ...base,
          code: "dotenv-alias",
          problem: `${name} is another name of ${known.entry}`,
          fix: `rename it to ${variableFor(known.entry, catalogue)}`,
          ...seeOf(known),
        };
      }
      return clusterManaged(base, known);
    case "cluster-managed":
    case "in-cluster-delivery":
      return clusterManaged(base, known);
    case "setting":
      throw new Error(`a setting may stand in .env: ${name}`);
  }
}

/** A line of a value that dotenv takes for a variable of its own. */
function spilled(base: Base): Finding {
  return {
    ...base,
    code: "dotenv-value-spills",
    subject: shownName(base.subject),
    problem: "this line looks like part of the value above it, and dotenv reads it as a variable of its own",
    fix: "put the whole value in quotes, or give the variable a usual name: capitals, digits and _",
  };
}

type Base = Pick<Finding, "stage" | "severity" | "where" | "subject">;
type ClusterManaged = Exclude<Classification, { kind: "unknown" | "setting" | "retired" | "delivery" }>;

function clusterManaged(base: Base, known: ClusterManaged): Finding {
  const verdict = passage("dotenv", known.authority);
  const matched = known.by === "pattern" ? `matches ${known.entry}` : `is ${known.entry}`;
  const reason = verdict.ok ? "" : `: ${verdict.reason}`;
  return {
    ...base,
    code: "dotenv-cluster-managed",
    problem: `${base.subject} ${matched}${reason}`,
    fix: `remove it from .env${known.see === undefined ? "" : `; read on in ${known.see}`}`,
    ...seeOf(known),
  };
}

/** The catalogue line that would make an unknown variable an external secret. */
export function pasteLine(variable: string): string {
  return `${sanitise(variable)}: { authority: external, env: ${variable.toUpperCase().replaceAll("-", "_")} }`;
}

/** The variable that a secret is set by; the name itself where it has none. */
function variableFor(name: string, catalogue: Catalogue): string {
  const secret = catalogue.secrets[name];
  return secret?.authority === "external" ? secret.env : name;
}

function meant(near: string | undefined, catalogue: Catalogue): string {
  if (near === undefined) return "";
  const known = classify(catalogue, near);
  return `; did you mean ${known.kind === "secret" ? variableFor(known.entry, catalogue) : near}?`;
}

function sourcesOf(target: string, catalogue: Catalogue): readonly string[] {
  const delivery = catalogue.deliveries[target];
  const names = [delivery?.username, delivery?.password, ...Object.values(delivery?.keys ?? {})];
  return names.filter((name) => name !== undefined).map((name) => variableFor(name, catalogue));
}

function seeOf({ see }: { readonly see: string | undefined }): { see?: string } {
  return see === undefined ? {} : { see };
}

/** What the catalogue says of one variable. */
export interface ClassifiedVariable {
  readonly variable: string;
  /** `file:line`. */
  readonly where: string;
  readonly classification: Classification;
}

export interface ClassifiedEnv {
  /** In the order of files and lines. */
  readonly variables: readonly ClassifiedVariable[];
  /** `file:line` of lines that look like part of a value: nothing of them is shown. */
  readonly spilled: readonly string[];
  /** YAML for every unknown variable, ready for `environments/catalogue.yaml`; empty where there is none. */
  readonly paste: string;
}

/** Usual endings of settings' names. Every other unknown variable is offered as a secret, the safer of the two. */
const settingLike =
  /(?:^|[_.-])(?:PORT|HOST|HOSTNAME|URL|URI|ENDPOINT|REGION|LOCATION|LEVEL|MODE|ENV|ENABLED|DISABLED|DEBUG|TIMEOUT|TTL|COUNT|SIZE|VERSION|NAME|PATH|DIR|DOMAIN|ISSUER|ID)$/i;

/** Addresses of databases, brokers and webhooks: in most environments they carry a password or are one. */
const credentialAddress =
  /(?:^|[_.-])(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB)?|REDIS|AMQP|RABBITMQ|BROKER|WEBHOOKS?)[_.-](?:URL|URI|ENDPOINT)$/i;

/** Texts that grant access, or tell where access is granted. All are read as a whole value. */
const credentialTexts: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+@/i, // user information in a URL
  /^(?:jdbc:|(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|sqlserver|mssql|clickhouse|neo4j|cockroachdb|libsql)[:+])/i,
  /^https?:\/\/\S*(?:webhook|\bhooks?\b)/i,
  /(?:^|[?&;,\s])[\w.-]*(?:password|passwd|pwd|secret|token|key|signature|sig)\s*=\s*[^\s;&]/i,
  /^(?:server|data source|host|driver|endpoint|accountendpoint|defaultendpointsprotocol)\s*=[^;]+;/i,
];

/** A long opaque part of a URL's path, as in the address of a bot or a build trigger. */
const opaquePart = /\/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}/g;
const uuid = /^\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an unknown variable may be offered as a plain value: its name says setting, and its value grants nothing. */
function isSettingLike(name: string, value: string): boolean {
  if (!settingLike.test(name) || credentialAddress.test(name)) return false;
  if (shapeOf(value) !== undefined || credentialTexts.some((text) => text.test(value))) return false;
  if (!/^https?:\/\//i.test(value)) return true;
  return [...value.matchAll(opaquePart)].every(([part]) => uuid.test(part));
}

/** Classes of all variables of `.env` files, and for all unknown ones at once the lines that would give them a class. */
export function classifyEnv(files: readonly DotenvFile[], catalogue: Catalogue): ClassifiedEnv {
  const variables: ClassifiedVariable[] = [];
  const spilled: string[] = [];
  const unknown: { name: string; isSetting: boolean }[] = [];
  for (const { name, value, where } of mergeFiles(files).variables) {
    const classification = classify(catalogue, name);
    if (classification.kind === "unknown" && shownName(name) !== name) {
      spilled.push(where);
      continue;
    }
    variables.push({ variable: name, where, classification });
    if (classification.kind === "unknown") unknown.push({ name, isSetting: isSettingLike(name, value) });
  }
  return { variables, spilled, paste: pasteText(unknown) };
}

function pasteText(unknown: readonly { readonly name: string; readonly isSetting: boolean }[]): string {
  const settings = unknown.filter(({ isSetting }) => isSetting).map(({ name }) => name);
  const secrets = unknown.filter(({ isSetting }) => !isSetting).map(({ name }) => name);
  const sections = [
    secrets.length === 0
      ? []
      : [
          "secrets: # from outside the cluster; move what is made in it to clusterManaged",
          ...secrets.map((name) => `  ${pasteLine(name)}`),
        ],
    settings.length === 0
      ? []
      : [
          "settings: # plain values; move what must not be read by everyone to secrets",
          ...settings.map((name) => `  - ${name}`),
        ],
  ];
  return sections
    .flat()
    .map((line) => `${line}\n`)
    .join("");
}
