import { stringify, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { classify } from "../domain/catalogue/lookup.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { sanitise } from "../domain/names.ts";
import { checkAuthority } from "../domain/catalogue/authority.ts";
import { UserError } from "../domain/user-error.ts";
import { catalogueIn } from "./catalogue.ts";

/** Options of `ameide-secrets add`; what is left out keeps the catalogue's default. */
export interface AddRequest {
  /** Variable or secret, such as `STRIPE_API_KEY` or `stripe-api-key`. */
  readonly name: string;
  readonly owner?: string | undefined;
  readonly required?: readonly string[] | undefined;
  readonly environments?: readonly string[] | undefined;
  readonly consumers?: readonly string[] | undefined;
  readonly rotateEvery?: string | undefined;
  readonly reason?: string | undefined;
  readonly see?: string | undefined;
  /** Kubernetes Secret that shall hold it, declared if the catalogue has none of this name. */
  readonly deliverTo?: { readonly target: string; readonly key?: string | undefined };
  /** The name matches a cluster-managed pattern and comes from outside all the same. @default false */
  readonly overPattern?: boolean;
}

export interface Addition {
  readonly secret: string;
  readonly variable: string;
  /** Whole text of the catalogue, unchanged but for what was added. */
  readonly catalogue: string;
  /** Whole text of `.env.example`; as it was where the secret does not exist in local. */
  readonly example: string;
}

/**
 * Adds an external secret to the texts of the catalogue and of `.env.example`; writes no file. Parsed YAML only shows
 * where entries end, since writing it would format every list and comment differently.
 * @param file - name of the catalogue in messages.
 * @throws UserError if the name is taken, belongs to someone in the cluster or makes the catalogue contradict itself.
 */
export function addSecret(
  texts: { readonly catalogue: string; readonly example: string; readonly file: string },
  request: AddRequest,
): Addition {
  const { example, file } = texts;
  const { deliverTo, environments } = request;
  const secret = sanitise(request.name);
  const variable = secret.toUpperCase().replaceAll("-", "_");
  const catalogue = catalogueIn(texts.catalogue, file);
  const taken = takenName(catalogue, variable, request);
  if (taken !== undefined) throw UserError.from([taken]);

  const text = withLineEnd(texts.catalogue);
  const entry = entryLines(secret, variable, request);
  const added = withEntry(text, "secrets", (one) => one.get("authority") === "external", entry);
  const result = deliverTo === undefined ? added : withDelivery(added, catalogue, secret, variable, request);
  catalogueIn(result, file);

  const inLocal = environments?.includes("local") ?? true;
  const sample = `${withLineEnd(example)}${variable}=sample-${secret}\n`;
  return { secret, variable, catalogue: result, example: inLocal ? sample : example };
}

function withLineEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function takenName(
  catalogue: Catalogue,
  variable: string,
  { name, overPattern = false }: AddRequest,
): Finding | undefined {
  const known = classify(catalogue, variable);
  const refuse = (code: string, problem: string, fix: string) => errorFinding(code, "dotenv", name, problem, fix);
  switch (known.kind) {
    case "unknown":
      return undefined;
    case "secret":
    case "delivery":
    case "setting": {
      const label = known.kind === "secret" ? "the secret" : "the Kubernetes Secret";
      const taker = known.kind === "setting" ? "a setting" : `${label} ${known.entry}`;
      const fix = "choose another name, or edit environments/catalogue.yaml";
      return refuse("add-name-taken", `${name} is already ${taker}`, fix);
    }
    case "retired":
      return refuse(
        "add-retired",
        `${name} is retired`,
        known.use === undefined ? "choose another name" : `use ${known.use}`,
      );
    case "cluster-managed":
    case "in-cluster-delivery": {
      const isPattern = known.by === "pattern";
      if (isPattern && overPattern) return undefined;
      const check = checkAuthority("key-vault", known.authority);
      const problem = `${name} ${isPattern ? "matches" : "is"} ${known.entry}${check.ok ? "" : `: ${check.reason}`}`;
      const fix = isPattern
        ? "leave it to its owner; if it comes from outside the cluster, use --over-pattern: an exact name beats a pattern"
        : `leave it to its owner${known.see === undefined ? "" : `; see ${known.see}`}`;
      return refuse("add-cluster-managed", problem, fix);
    }
  }
}

function entryLines(secret: string, variable: string, request: AddRequest): readonly string[] {
  const { required, environments, consumers, owner, rotateEvery, reason, see } = request;
  const list = (names: readonly string[] | undefined): string | undefined => names && `[${names.join(", ")}]`;
  const scalar = (text: string | undefined): string | undefined => text && stringify(text, { lineWidth: 0 }).trimEnd();
  const fields = {
    authority: "external",
    env: variable,
    environments: list(environments),
    required: list(required),
    consumers: list(consumers),
    owner: scalar(owner),
    rotateEvery: scalar(rotateEvery),
    reason: scalar(reason),
    see: scalar(see),
  };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [`  ${secret}:`, ...given.map(([key, value]) => `    ${key}: ${value}`)];
}

function withDelivery(
  text: string,
  catalogue: Catalogue,
  secret: string,
  variable: string,
  { deliverTo, environments }: AddRequest,
): string {
  const { target, key = variable } = deliverTo ?? { target: secret };
  const delivery = catalogue.deliveries[target];
  if (delivery === undefined) {
    const where = environments === undefined ? [] : [`    environments: [${environments.join(", ")}]`];
    const lines = [`  ${target}:`, `    keys: { ${key}: ${secret} }`, ...where];
    return withEntry(text, "deliveries", (entry) => !entry.has("madeBy"), lines);
  }
  const { keys, madeBy } = delivery;
  if (keys !== undefined && madeBy === undefined && keys[key] === undefined) return withKey(text, target, key, secret);
  const reason = keys === undefined ? "is a pull secret" : `has a key ${key} already`;
  const why = madeBy === undefined ? reason : `is created by ${madeBy}`;
  throw UserError.of("add-target-unfit", `the delivery ${target} ${why}`, "choose another target or key");
}

/** Puts an entry after the last one of its kind, or first into a section that has none. */
function withEntry(
  text: string,
  section: "secrets" | "deliveries",
  isOfItsKind: (entry: YAMLMap) => boolean,
  lines: readonly string[],
): string {
  const node = parseDocument(text).get(section);
  const entries = isMap(node) ? node.items.map(({ value }) => value).filter((value) => isMap(value)) : [];
  const end = entries.findLast(isOfItsKind)?.range?.[1];
  if (end !== undefined) return withLines(text, lastLineEnd(text, end), lines);
  return text.replace(new RegExp(`^${section}:.*\n`, "m"), (header) =>
    [header.replace(/\{\s*\}/, "").trimEnd(), ...lines, ""].join("\n"),
  );
}

/** Adds one key to a delivery's `keys`, in the style in which they are written. */
function withKey(text: string, target: string, key: string, secret: string): string {
  const keys = parseDocument(text).getIn(["deliveries", target, "keys"], true);
  const end = isMap(keys) ? keys.range?.[1] : undefined;
  if (!isMap(keys) || end === undefined) throw new Error(`the delivery ${target} has no keys`);
  if (keys.flow === true) {
    const brace = text.lastIndexOf("}", end - 1);
    const before = text.slice(0, brace).trimEnd();
    return `${before}${before.endsWith("{") ? " " : ", "}${key}: ${secret} ${text.slice(brace)}`;
  }
  const first = keys.items[0]?.key;
  const start = isScalar(first) ? (first.range?.[0] ?? 0) : 0;
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  return withLines(text, lastLineEnd(text, end), [`${indent}${key}: ${secret}`]);
}

function withLines(text: string, offset: number, lines: readonly string[]): string {
  return `${text.slice(0, offset)}${lines.join("\n")}\n${text.slice(offset)}`;
}

/** Offset after the line break of the last line that holds something of what ends at `end`. */
function lastLineEnd(text: string, end: number): number {
  return text.indexOf("\n", text.slice(0, end).trimEnd().length) + 1; // the text ends in one
}
