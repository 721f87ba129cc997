import { below, type Part } from "./documents.ts";
import { isRecord, mapTree, rawAt, unknownValue, type Path } from "./reading.ts";
import { kindsByName, makeSubject, type Kind, type Located } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";

/** Azure's resource types in lower case. */
const kindsOfArm = kindsByName({
  KeyVault: ["microsoft.keyvault/vaults"],
  KeyVaultSecret: ["microsoft.keyvault/vaults/secrets"],
  ManagedIdentity: ["microsoft.managedidentity/userassignedidentities"],
  FederatedCredential: ["microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"],
  RoleAssignment: ["microsoft.authorization/roleassignments"],
});

/** A resource of Azure Resource Manager, in a template or in a generic resource of a provider. */
export interface ArmResource {
  /** Such as `Microsoft.KeyVault/vaults/secrets`; case does not matter. */
  readonly type: string;
  /** With the names of its parents first: `["ameidekv", "ghcr-token"]`. */
  readonly names: readonly string[];
  readonly properties: unknown;
  readonly scope?: unknown;
}

/** @returns kind and inputs as azure-native would have them; `undefined` for a type that no rule looks at. */
export function kindOfArm(resource: ArmResource): { readonly kind: Kind; readonly object: unknown } | undefined {
  const kind = kindsOfArm.get(resource.type.toLowerCase());
  return kind && { kind, object: inputsOf(kind, resource) };
}

function inputsOf(kind: Kind, { names, properties, scope }: ArmResource): Readonly<Record<string, unknown>> {
  const [own, parent] = [names.at(-1), names.slice(0, -1).join("/")];
  const flat = isRecord(properties) ? properties : {};
  switch (kind) {
    case "KeyVault":
      return { vaultName: own, properties };
    case "KeyVaultSecret":
      return { vaultName: parent, secretName: own, properties };
    case "FederatedCredential":
      return { ...flat, resourceName: parent, federatedIdentityCredentialResourceName: own };
    case "RoleAssignment":
      return { ...flat, ...(scope === undefined ? {} : { scope }) };
    default:
      return {};
  }
}

/** @see https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax */
export function isTemplate(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const { $schema, contentVersion, resources } = value;
  return (typeof $schema === "string" || typeof contentVersion === "string") && typeof resources === "object";
}

/** The template of a deployment, with the parameters that the deployment passes. */
export function deploymentTemplate({ content, lineOf }: Part): Part | undefined {
  if (!isRecord(content)) return undefined;
  const { template, parameters } = content;
  if (!isTemplate(template)) return undefined;
  const declared = isRecord(template["parameters"]) ? template["parameters"] : {};
  const merged = { ...declared };
  for (const [name, value] of Object.entries(isRecord(parameters) ? parameters : {})) {
    merged[name] = { ...(isRecord(declared[name]) && declared[name]), ...(isRecord(value) && value) };
  }
  return { content: { ...template, parameters: merged }, lineOf: below(lineOf, ["template"]) };
}

/** The resources of a template, including those of nested templates. */
export function subjectsOfTemplate({ content, lineOf }: Part): readonly Located[] {
  if (!isRecord(content)) return [];
  const found: Located[] = [];
  const scope = { parameters: content["parameters"], variables: content["variables"] };
  const visit = (resources: unknown, path: Path, parent?: Pick<ArmResource, "type" | "names">): void => {
    for (const [key, resource] of membersOf(resources)) {
      if (!isRecord(resource) || typeof resource["type"] !== "string") continue;
      const { type, properties } = resource;
      const names = namesIn(resource["name"], scope);
      const isChild = parent !== undefined && !type.includes(".");
      const whole = isChild ? { type: `${parent.type}/${type}`, names: [...parent.names, ...names] } : { type, names };
      const base = [...path, key];
      const lineIn = (inner: Path): number => lineOf([...base, ...inner]);
      const known = kindOfArm({ ...whole, properties: evaluated(properties, scope), scope: resource["scope"] });
      if (known !== undefined) {
        const subject = makeSubject({
          ...known,
          type: whole.type,
          origin: "document",
          id: "",
          name: whole.names.at(-1),
        });
        found.push({ subject, lineOf: (inner) => lineIn(writtenPath(inner)) });
      }
      const nested = deploymentTemplate({ content: properties, lineOf: (inner) => lineIn(["properties", ...inner]) });
      if (nested !== undefined) found.push(...subjectsOfTemplate(nested));
      visit(resource["resources"], [...base, "resources"], whole);
    }
  };
  visit(content["resources"], ["resources"]);
  return found;
}

/** A name that only Azure can compute stays as written, and is refused as an unknown name. */
function namesIn(written: unknown, scope: Scope): readonly string[] {
  const names = evaluateExpression(written, scope).split("/");
  const isComputed = names.at(-1)?.includes(unknownValue) ?? false;
  return isComputed && typeof written === "string" ? [written] : names;
}

/** Where a template has an input of azure-native. */
function writtenPath(path: Path): Path {
  if (path[0] === "properties") return path;
  return path[0] === "secretName" || path[0] === "vaultName" ? ["name"] : ["properties", ...path];
}

/** Resources are a list or, since version 2.0 of the language, an object with symbolic names. */
function membersOf(resources: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(resources)) return [...resources.entries()];
  return isRecord(resources) ? Object.entries(resources) : [];
}

/** Evaluates the expressions in every text. A text that only Azure can compute counts as not known yet. */
function evaluated(value: unknown, scope: Scope): unknown {
  return mapTree(value, (one) => {
    if (typeof one !== "string") return undefined;
    const text = evaluateExpression(one, scope);
    return text.includes(unknownValue) ? unknownValue : text;
  });
}

/** The resource that azure-native's generic `Resource`, or azapi's, passes to Azure Resource Manager. */
export function genericArmResource(type: string, props: Readonly<Record<string, unknown>>): ArmResource | undefined {
  switch (readTypeToken(type).key) {
    case "azure-native:resources:Resource": {
      const parts = partsOf(props["parentResourcePath"]);
      const namespace = String(props["resourceProviderNamespace"]);
      const types = [namespace, ...parts.filter((_, i) => i % 2 === 0), ...partsOf(props["resourceType"])];
      const names = [...parts.filter((_, i) => i % 2 === 1), ...partsOf(props["resourceName"])];
      return { type: types.join("/"), names, properties: props["properties"] };
    }
    case "azapi:index:Resource":
    case "azapi:index:UpdateResource":
    case "azapi:index:DataPlaneResource": {
      const { body } = props;
      const names = [...partsOf(props["parentId"]).slice(-1), ...partsOf(props["name"])];
      const properties = isRecord(body) ? (body["properties"] ?? body) : body;
      return { type: String(props["type"]).replace(/@.*$/, ""), names, properties };
    }
    default:
      return undefined;
  }
}

/** A path that is not known yet is one part. */
function partsOf(path: unknown): readonly string[] {
  return typeof path === "string" ? path.split("/").filter((part) => part !== "") : [];
}

interface Scope {
  /** `{ name: { value, defaultValue } }`: what the deployment passes, and what the template declares. */
  readonly parameters: unknown;
  readonly variables: unknown;
}

/** Names need a handful of calls. The limit stops an expression that refers to itself. */
const mostCalls = 200;

/**
 * Evaluates an expression of an ARM template as far as names need it: `concat`, `format`, `toLower`, `parameters`,
 * `variables` and literals. A part that only Azure can compute becomes {@link unknownValue}.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
export function evaluateExpression(value: unknown, scope: Scope): string {
  let calls = 0;

  function evaluate(text: unknown): string {
    if (typeof text === "number") return String(text);
    if (typeof text !== "string") return unknownValue;
    if (text.startsWith("[[")) return text.slice(1);
    const [, expression] = /^\[(.*)\]$/s.exec(text) ?? [];
    if (expression === undefined) return text;
    const words = expression.match(/'(?:[^']|'')*'|\w+|[^\s\w]/g) ?? [];
    const read = argument(words);
    return words.length === 0 ? read : unknownValue;
  }

  /** Takes the words of one argument: up to a comma, or to the parenthesis that closes the call around it. */
  function argument(words: string[]): string {
    const word = words.shift() ?? "";
    const value = words[0] === "(" ? call(word, words) : literal(word);
    if (words.length === 0 || words[0] === "," || words[0] === ")") return value;
    // a member or an item of the value, such as resourceGroup().location
    for (let open = 0; words.length > 0 && (open > 0 || !/^[,)]$/.test(words[0] ?? "")); words.shift()) {
      open += /^[([]$/.test(words[0] ?? "") ? 1 : /^[)\]]$/.test(words[0] ?? "") ? -1 : 0;
    }
    return unknownValue;
  }

  function call(name: string, words: string[]): string {
    if ((calls += 1) > mostCalls) words.length = 0;
    words.shift();
    const parts: string[] = [];
    while (words.length > 0 && words[0] !== ")") {
      parts.push(argument(words));
      if (words[0] === ",") words.shift();
    }
    if (words.shift() === undefined) return unknownValue;
    const [first = "", ...rest] = parts;
    switch (name.toLowerCase()) {
      case "concat":
        return parts.join("");
      case "format":
        return first.replaceAll(/\{(\d+)\}/g, (_, i: string) => rest[Number(i)] ?? unknownValue);
      case "tolower":
        return first.toLowerCase();
      case "variables":
        return evaluate(rawAt(scope.variables, [first]));
      case "parameters":
        return evaluate(rawAt(scope.parameters, [first, "value"]) ?? rawAt(scope.parameters, [first, "defaultValue"]));
      default:
        return unknownValue;
    }
  }

  return evaluate(value);
}

function literal(word: string): string {
  if (word.startsWith("'")) return word.slice(1, -1).replaceAll("''", "'");
  return /^\d+$/.test(word) ? word : unknownValue;
}
