import { evaluateExpression, type Scope } from "./arm-expression.ts";
import { deploymentTemplate, type Embedded, type Part } from "./parts.ts";
import { isRecord, unknownValue, type Path } from "./reading.ts";
import { makeSubject, type Kind } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";

/** Azure's own resource types to our kinds, in lower case. */
const kindsOfArm: Readonly<Record<string, Kind>> = {
  "microsoft.keyvault/vaults": "KeyVault",
  "microsoft.keyvault/vaults/secrets": "KeyVaultSecret",
  "microsoft.managedidentity/userassignedidentities": "ManagedIdentity",
  "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": "FederatedCredential",
  "microsoft.authorization/roleassignments": "RoleAssignment",
};

/** A resource as Azure Resource Manager names it, in a template or in a generic resource of a provider. */
export interface ArmResource {
  /** Such as `Microsoft.KeyVault/vaults/secrets`; case does not matter. */
  readonly type: string;
  /** Those of its parents first: `["ameidekv", "ghcr-token"]`. */
  readonly names: readonly string[];
  readonly properties: unknown;
  readonly scope?: unknown;
}

/** @returns kind and inputs as azure-native would have them; `undefined` for a type that no rule looks at. */
export function kindOfArm(resource: ArmResource): { readonly kind: Kind; readonly object: unknown } | undefined {
  const kind = kindsOfArm[resource.type.toLowerCase()];
  return kind === undefined ? undefined : { kind, object: inputsOf(kind, resource) };
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

/** What the resources of a template are, those of nested templates too. */
export function subjectsOfTemplate({ content, lineOf }: Part): readonly Embedded[] {
  if (!isRecord(content)) return [];
  const found: Embedded[] = [];
  const scope = { parameters: content["parameters"], variables: content["variables"] };
  const visit = (resources: unknown, path: Path, parent?: Pick<ArmResource, "type" | "names">): void => {
    for (const [key, resource] of membersOf(resources)) {
      if (!isRecord(resource)) continue;
      const { type, name: named, properties, scope: at, resources: children } = resource;
      if (typeof type !== "string") continue;
      const names = namesIn(named, scope);
      const isChild = parent !== undefined && !type.includes(".");
      const whole = isChild ? { type: `${parent.type}/${type}`, names: [...parent.names, ...names] } : { type, names };
      const base = [...path, key];
      const lineIn = (inner: Path): number => lineOf([...base, ...inner]);
      found.push(...subjectsOfOne({ ...whole, properties: evaluated(properties, scope), scope: at }, lineIn));
      found.push(...templatesIn({ content: properties, lineOf: (inner) => lineIn(["properties", ...inner]) }));
      visit(children, [...base, "resources"], whole);
    }
  };
  visit(content["resources"], ["resources"]);
  return found;
}

/** A deployment in a template has a template of its own. */
function templatesIn(part: Part): readonly Embedded[] {
  const nested = deploymentTemplate(part);
  return nested === undefined ? [] : subjectsOfTemplate(nested);
}

/** A name that only Azure can compute stays as it is written, and is refused as one that nobody knows. */
function namesIn(written: unknown, scope: Scope): readonly string[] {
  const names = evaluateExpression(written, scope).split("/");
  const isComputed = names.at(-1)?.includes(unknownValue) ?? false;
  return isComputed && typeof written === "string" ? [written] : names;
}

function subjectsOfOne(resource: ArmResource, lineOf: Part["lineOf"]): readonly Embedded[] {
  const known = kindOfArm(resource);
  if (known === undefined) return [];
  const { type, names } = resource;
  const subject = makeSubject({ ...known, type, origin: "document", id: "", name: names.at(-1) });
  return [{ subject, lineOf: (path) => lineOf(writtenPath(path)) }];
}

/** Where a template has what azure-native takes as a name or beside it. */
function writtenPath(path: Path): Path {
  if (path[0] === "properties") return path;
  return path[0] === "secretName" || path[0] === "vaultName" ? ["name"] : ["properties", ...path];
}

/** A list, or since version 2.0 of the language an object of symbolic names. */
function membersOf(resources: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(resources)) return [...resources.entries()];
  return isRecord(resources) ? Object.entries(resources) : [];
}

/** Texts with their expressions worked out; one that only Azure can compute is not known. */
function evaluated(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") {
    const text = evaluateExpression(value, scope);
    return text.includes(unknownValue) ? unknownValue : text;
  }
  if (Array.isArray(value)) return value.map((item) => evaluated(item, scope));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluated(item, scope)]));
}

/**
 * A resource that its provider passes to Azure Resource Manager by the type that it names: azure-native's generic
 * `Resource`, and azapi's.
 */
export function genericArmResource(type: string, props: Readonly<Record<string, unknown>>): ArmResource | undefined {
  switch (readTypeToken(type).key) {
    case "azure-native:resources:Resource": {
      const parts = pathOf(props["parentResourcePath"]);
      const types = [namespaceOf(props), ...parts.filter((_, i) => i % 2 === 0), ...pathOf(props["resourceType"])];
      const names = [...parts.filter((_, i) => i % 2 === 1), ...pathOf(props["resourceName"])];
      return { type: types.join("/"), names, properties: props["properties"], scope: undefined };
    }
    case "azapi:index:Resource":
    case "azapi:index:UpdateResource":
    case "azapi:index:DataPlaneResource": {
      const { body } = props;
      const names = [...pathOf(props["parentId"]).slice(-1), ...pathOf(props["name"])];
      const properties = isRecord(body) ? (body["properties"] ?? body) : body;
      return { type: String(props["type"]).replace(/@.*$/, ""), names, properties };
    }
    default:
      return undefined;
  }
}

function namespaceOf(props: Readonly<Record<string, unknown>>): string {
  return String(props["resourceProviderNamespace"]);
}

/** The parts of a path; one that is not known yet stays one part. */
function pathOf(value: unknown): readonly string[] {
  return typeof value === "string" ? value.split("/").filter((part) => part !== "") : [];
}
