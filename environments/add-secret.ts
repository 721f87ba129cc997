import { stringify, isMap, isScalar, parseDocument, type Document, type Pair } from "yaml";
import { classify } from "../domain/catalogue/lookup.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import { errorFinding, errorsOf, type Finding } from "../domain/finding.ts";
import { sanitise } from "../domain/names.ts";
import { checkAuthority } from "../domain/catalogue/authority.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { parseCatalogue } from "./catalogue.ts";

/** Options of `ameide-secrets add`; what is left out keeps the catalogue's default. */
export interface AddRequest {
  /** Variable or secret, such as `STRIPE_API_KEY` or `stripe-api-key`. */
  readonly name: string;
  readonly owner?: string;
  readonly required?: readonly EnvironmentName[];
  readonly environments?: readonly EnvironmentName[];
  readonly consumers?: readonly string[];
  readonly rotateEvery?: string;
  readonly reason?: string;
  readonly see?: string;
  /** Kubernetes Secret that shall hold it, made if the catalogue has none of this name. */
  readonly deliverTo?: { readonly target: string; readonly key?: string };
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
 * Adds an external secret to the texts of the catalogue and of `.env.example`; nothing is written.
 *
 * @param file - name of the catalogue in messages.
 * @throws UserError if the name is taken, belongs to someone in the cluster or makes a catalogue that contradicts itself.
 */
export function addSecret(
  { catalogue: text, example, file }: { readonly catalogue: string; readonly example: string; readonly file: string },
  request: AddRequest,
): Addition {
  const secret = sanitise(request.name);
  const variable = secret.toUpperCase().replaceAll("-", "_");
  const { catalogue, findings } = parseCatalogue(text, file);
  if (catalogue === undefined || errorsOf(findings).length > 0) throw UserError.from(errorsOf(findings));
  const taken = takenName(catalogue, variable, request);
  if (taken !== undefined) throw UserError.from([taken]);

  const edited = new CatalogueText(text);
  edited.addSecret(entryLines(secret, variable, request));
  if (request.deliverTo !== undefined) addDelivery(edited, catalogue, secret, variable, request);
  const result = edited.toString();
  const checked = parseCatalogue(result, file);
  if (checked.catalogue === undefined || errorsOf(checked.findings).length > 0)
    throw UserError.from(errorsOf(checked.findings));

  const inLocal = request.environments?.includes("local") ?? true;
  return { secret, variable, catalogue: result, example: inLocal ? withSample(example, variable, secret) : example };
}

/** Why the name cannot be added; `undefined` if it can. */
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
      const label = {
        secret: `the secret ${known.entry}`,
        delivery: `the Kubernetes Secret ${known.entry}`,
        setting: "a setting",
      };
      const fix = "choose another name, or edit environments/catalogue.yaml";
      return refuse("add-name-taken", `${name} is already ${label[known.kind]}`, fix);
    }
    case "retired": {
      const fix = known.use === undefined ? "choose another name" : `use ${known.use}`;
      return refuse("add-retired", `${name} is retired`, fix);
    }
    case "cluster-managed":
    case "in-cluster-delivery": {
      const isPattern = known.kind === "cluster-managed" && known.by === "pattern";
      if (isPattern && overPattern) return undefined;
      const check = checkAuthority("key-vault", known.authority);
      const problem = `${name} ${isPattern ? "matches" : "is"} ${known.entry}${check.ok ? "" : `: ${check.reason}`}`;
      const fix = isPattern
        ? "leave it to its owner; if it comes from outside the cluster, use --over-pattern: an exact name beats a pattern"
        : `leave it to its owner${known.see === undefined ? "" : `; read on in ${known.see}`}`;
      return refuse("add-cluster-managed", problem, fix);
    }
  }
}

/** The lines of the entry in the file. */
function entryLines(secret: string, variable: string, request: AddRequest): readonly string[] {
  const { required, environments, consumers, owner, rotateEvery, reason, see } = request;
  const list = (names: readonly string[] | undefined): string | undefined => names && `[${names.join(", ")}]`;
  const scalar = (text: string | undefined): string | undefined => text && stringify(text, { lineWidth: 0 }).trimEnd();
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["authority", "external"],
    ["env", variable],
    ["environments", list(environments)],
    ["required", list(required)],
    ["consumers", list(consumers)],
    ["owner", scalar(owner)],
    ["rotateEvery", scalar(rotateEvery)],
    ["reason", scalar(reason)],
    ["see", scalar(see)],
  ];
  return [`  ${secret}:`, ...fields.flatMap(([key, value]) => (value === undefined ? [] : [`    ${key}: ${value}`]))];
}

function addDelivery(
  edited: CatalogueText,
  catalogue: Catalogue,
  secret: string,
  variable: string,
  request: AddRequest,
): void {
  const { target, key = variable } = request.deliverTo ?? { target: secret };
  const delivery = catalogue.deliveries[target];
  if (delivery === undefined) {
    const where = request.environments === undefined ? [] : [`    environments: [${request.environments.join(", ")}]`];
    edited.addDelivery([`  ${target}:`, `    keys: { ${key}: ${secret} }`, ...where]);
    return;
  }
  if (delivery.keys === undefined || delivery.madeBy !== undefined || delivery.keys[key] !== undefined) {
    const why =
      delivery.madeBy !== undefined
        ? `is made by ${delivery.madeBy}`
        : delivery.keys === undefined
          ? "is a pull secret"
          : `has a key ${key} already`;
    throw UserError.of("add-target-unfit", `the delivery ${target} ${why}`, "choose another target or key");
  }
  edited.addKey(target, key, secret);
}

function withSample(example: string, variable: string, secret: string): string {
  const gap = example === "" || example.endsWith("\n") ? "" : "\n";
  return `${example}${gap}${variable}=sample-${secret}\n`;
}

/**
 * The catalogue as text, for additions. Existing text stays byte for byte: the parsed document is only used to find where
 * entries end, since writing it would format every list and comment differently.
 */
export class CatalogueText {
  #text: string;

  /** @param text - a catalogue that the schema takes. */
  constructor(text: string) {
    this.#text = text.endsWith("\n") ? text : `${text}\n`;
  }

  /** Puts an entry behind the last external secret. */
  addSecret(lines: readonly string[]): void {
    const external = this.#pairs("secrets").filter(
      ({ value }) => isMap(value) && value.get("authority") === "external",
    );
    this.#insertAfter(external.at(-1), "secrets", lines);
  }

  /** Puts an entry behind the last delivery that this program makes. */
  addDelivery(lines: readonly string[]): void {
    const ours = this.#pairs("deliveries").filter(({ value }) => isMap(value) && !value.has("madeBy"));
    this.#insertAfter(ours.at(-1), "deliveries", lines);
  }

  /** Adds one key to a delivery's `keys`, in the style in which they are written. */
  addKey(target: string, key: string, secret: string): void {
    const keys = this.#document().getIn(["deliveries", target, "keys"], true);
    const end = isMap(keys) ? keys.range?.[1] : undefined;
    if (!isMap(keys) || end === undefined) throw new Error(`the delivery ${target} has no keys`);
    if (keys.flow === true) {
      const brace = this.#text.lastIndexOf("}", end - 1);
      const before = this.#text.slice(0, brace).trimEnd();
      this.#text = `${before}${before.endsWith("{") ? " " : ", "}${key}: ${secret} ${this.#text.slice(brace)}`;
    } else {
      const first = keys.items[0]?.key;
      const start = isScalar(first) ? (first.range?.[0] ?? 0) : 0;
      const indent = " ".repeat(start - (this.#text.lastIndexOf("\n", start - 1) + 1));
      this.#insertAt(lastLineEnd(this.#text, end), [`${indent}${key}: ${secret}`]);
    }
  }

  toString(): string {
    return this.#text;
  }

  #document(): Document.Parsed {
    return parseDocument(this.#text);
  }

  #pairs(section: string): readonly Pair[] {
    const node = this.#document().get(section);
    return isMap(node) ? node.items : [];
  }

  #insertAfter(pair: Pair | undefined, section: string, lines: readonly string[]): void {
    const value = pair?.value;
    const end = isMap(value) || isScalar(value) ? value.range?.[1] : undefined;
    if (end === undefined) this.#openSection(section, lines);
    else this.#insertAt(lastLineEnd(this.#text, end), lines);
  }

  /** The section has no such entry yet: they become its first. */
  #openSection(section: string, lines: readonly string[]): void {
    const header = new RegExp(`^${section}:.*\n`, "m");
    const match = header.exec(this.#text);
    if (match === null) throw new Error(`the catalogue has no section ${section}`);
    const empty = match[0].replace(/\{\s*\}/, "").trimEnd();
    const rest = this.#text.slice(match.index + match[0].length);
    this.#text = `${this.#text.slice(0, match.index)}${empty}\n${lines.join("\n")}\n${rest}`;
  }

  #insertAt(offset: number, lines: readonly string[]): void {
    this.#text = `${this.#text.slice(0, offset)}${lines.join("\n")}\n${this.#text.slice(offset)}`;
  }
}

/** Offset behind the line break of the last line that holds something of what ends at `end`. */
function lastLineEnd(text: string, end: number): number {
  const content = text.slice(0, end).trimEnd().length;
  return text.indexOf("\n", content) + 1; // the text ends in one
}
