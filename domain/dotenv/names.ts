import { type Catalogue, sourcesOf } from "../catalogue/catalogue.ts";
import { classify, type Classification } from "../catalogue/lookup.ts";
import { type Variable, shownName, mergeFiles, type DotenvFile } from "./files.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { sanitise } from "../names.ts";
import { checkAuthority } from "../catalogue/authority.ts";
import { shapeOf } from "../value-shapes.ts";

/** Why a variable is not allowed in `.env`; `known` is anything but a setting or the name of an external secret. */
export function nameFinding({ name, where }: Variable, known: Classification, catalogue: Catalogue): Finding {
  const see = known.kind === "unknown" || known.see === undefined ? {} : { see: known.see };
  const refuse = (code: string, problem: string, fix: string, subject = name): Finding => ({
    ...errorFinding(code, "dotenv", subject, problem, fix, where),
    ...see,
  });
  switch (known.kind) {
    case "unknown": {
      if (shownName(name) !== name) {
        const problem = "this line looks like part of the value above it, and dotenv reads it as a variable of its own";
        const fix = "put the whole value in quotes, or give the variable a usual name: capitals, digits and _";
        return refuse("dotenv-value-spills", problem, fix, shownName(name));
      }
      return refuse(
        "dotenv-unknown",
        `${name} is not in the catalogue${suggestion(known.nearest, catalogue)}`,
        `correct the name, or \`ameide-secrets add ${name}\`, or paste under secrets in environments/catalogue.yaml: ${pasteLine(name)}`,
      );
    }
    case "retired": {
      const fix = known.use === undefined ? "remove it" : `use ${variableFor(known.use, catalogue)} instead`;
      return refuse("dotenv-retired", `${name} is retired`, fix);
    }
    case "delivery": {
      const problem = `${name} names the Kubernetes Secret ${known.entry}, which is created from other secrets`;
      const fix = `set ${variablesOf(known.entry, catalogue).join(" and ")} instead`;
      return refuse("dotenv-names-a-target", problem, fix);
    }
    case "secret":
    case "cluster-managed":
    case "in-cluster-delivery": {
      if (known.authority === "external") {
        const fix = `rename it to ${variableFor(known.entry, catalogue)}`;
        return refuse("dotenv-alias", `${name} is another name of ${known.entry}`, fix);
      }
      const check = checkAuthority("dotenv", known.authority);
      const matched = known.by === "pattern" ? `matches ${known.entry}` : `is ${known.entry}`;
      const problem = `${name} ${matched}${check.ok ? "" : `: ${check.reason}`}`;
      const fix = `remove it from .env${known.see === undefined ? "" : `; see ${known.see}`}`;
      return refuse("dotenv-cluster-managed", problem, fix);
    }
    case "setting":
      throw new Error(`a setting is allowed in .env: ${name}`);
  }
}

function pasteLine(variable: string): string {
  return `${sanitise(variable)}: { authority: external, env: ${variable.toUpperCase().replaceAll("-", "_")} }`;
}

function variableFor(name: string, catalogue: Catalogue): string {
  const secret = catalogue.secrets[name];
  return secret?.authority === "external" ? secret.env : name;
}

function suggestion(near: string | undefined, catalogue: Catalogue): string {
  if (near === undefined) return "";
  const known = classify(catalogue, near);
  return `; did you mean ${known.kind === "secret" ? variableFor(known.entry, catalogue) : near}?`;
}

function variablesOf(target: string, catalogue: Catalogue): readonly string[] {
  const delivery = catalogue.deliveries[target];
  return delivery === undefined ? [] : sourcesOf(delivery).map(([, name]) => variableFor(name, catalogue));
}

export interface ClassifiedEnv {
  /** In the order of files and lines; `where` is `file:line`. */
  readonly variables: readonly {
    readonly variable: string;
    readonly where: string;
    readonly classification: Classification;
  }[];
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

/** Values that grant access, or name the place that grants it. */
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

export function classifyEnv(files: readonly DotenvFile[], catalogue: Catalogue): ClassifiedEnv {
  const variables: ClassifiedEnv["variables"][number][] = [];
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
  const settings = unknown.filter(({ isSetting }) => isSetting).map(({ name }) => `  - ${name}\n`);
  const secrets = unknown.filter(({ isSetting }) => !isSetting).map(({ name }) => `  ${pasteLine(name)}\n`);
  const secretsTitle = "secrets: # from outside the cluster; move what is created in it to clusterManaged\n";
  const settingsTitle = "settings: # plain values; move what must not be read by everyone to secrets\n";
  return [
    ...(secrets.length > 0 ? [secretsTitle, ...secrets] : []),
    ...(settings.length > 0 ? [settingsTitle, ...settings] : []),
  ].join("");
}
