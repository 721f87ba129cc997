import { genericArmResource, kindOfArm } from "./arm-template.ts";
import { embeddedIn, isList } from "./embedded.ts";
import { kindOfManifest, kindOfToken } from "./kinds.ts";
import { isRecord } from "./reading.ts";
import { makeSubject, nameOf, tryText, type Kind, type Subject, type SubjectOptions } from "./subject.ts";
import { readTypeToken } from "./type-token.ts";
import { unreadOf } from "./unread.ts";

type Inputs = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Unknown values are the engine's sentinels. */
  readonly props: Inputs;
  readonly options?: SubjectOptions;
}

/**
 * @returns the resource itself, the items of a list, and everything in its inputs that another tool applies; an
 *   `OpaqueWriter` or `UnknownType` for a resource that no rule can read; nothing for one that writes no secret.
 */
export function subjectsOfResource(resource: Resource): readonly Subject[] {
  const { manifest } = readTypeToken(resource.type);
  if (manifest !== undefined) return subjectsOfManifest(resource, manifest);
  return subjectsOfType({ ...resource, props: withoutDefaults(resource.props) as Inputs });
}

/**
 * Inputs without the provider's defaults. Providers that are bridged from Terraform list them under `__defaults` of each
 * object. The engine hides the list of the outermost object from policies; a state file keeps it.
 */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (!isRecord(value)) return value;
  const { __defaults: defaults, ...rest } = value;
  const set = Object.entries(rest).filter(([key]) => !(Array.isArray(defaults) && defaults.includes(key)));
  return Object.fromEntries(set.map(([key, item]) => [key, withoutDefaults(item)]));
}

/** Kubernetes applies the object by its own `apiVersion` and `kind`, whatever the type of the resource says. */
function subjectsOfManifest(
  resource: Resource,
  manifest: { readonly apiVersion: string; readonly kind: string },
): readonly Subject[] {
  const { props, name } = resource;
  // a program may leave both to the type; a provider fills in ""
  const apiVersion = tryText(props, "apiVersion") || manifest.apiVersion;
  const kind = tryText(props, "kind") || manifest.kind;
  const object = { ...props, apiVersion, kind };
  const isAsTyped = apiVersion === manifest.apiVersion && kind === manifest.kind;
  const typed = isAsTyped ? resource : { ...resource, type: `kubernetes:${apiVersion}:${kind}` };
  if (isList(object)) return [...itemsOf(typed, object), ...carriedBy(object, resource)];
  const known = kindOfManifest(apiVersion, kind);
  if (known === undefined) return [...unread(typed), ...carriedBy(object, resource)];
  const namespace = tryText(object, "metadata", "namespace");
  const own = tryText(object, "metadata", "name") ?? name;
  const label = namespace === undefined ? own : `${namespace}/${own}`;
  return [subjectOf(typed, known, object, label), ...carriedBy(object, resource)];
}

function itemsOf(resource: Resource, { items, apiVersion, kind }: Inputs): readonly Subject[] {
  if (!Array.isArray(items)) return [];
  return items.flatMap((item, i) => {
    if (!isRecord(item)) return [];
    const object = { apiVersion, kind: String(kind).replace(/List$/, ""), ...item };
    const known = kindOfManifest(String(object.apiVersion), String(object.kind));
    if (known === undefined) return [];
    return [subjectOf({ ...resource, urn: `${resource.urn}#${i}` }, known, object, nameOf(object))];
  });
}

function subjectsOfType(resource: Resource): readonly Subject[] {
  const { type, name, props } = resource;
  const kind = kindOfToken(type);
  if (kind !== undefined) {
    const object = type.includes(":tf:") ? camelCased(props) : props;
    return [subjectOf(resource, kind, object, providerName(kind, object) ?? name)];
  }
  const generic = genericArmResource(type, props);
  const typed = generic === undefined ? resource : { ...resource, type: generic.type };
  const known = generic && kindOfArm(generic);
  if (known === undefined) return [...unread(typed), ...carriedBy(props, resource)];
  return [subjectOf(typed, known.kind, known.object, providerName(known.kind, known.object) ?? name)];
}

function subjectOf({ type, urn, options }: Resource, kind: Kind, object: unknown, name: string): Subject {
  return makeSubject({ kind, type, origin: "resource", object, id: urn, name, ...(options && { options }) });
}

function unread(resource: Resource): readonly Subject[] {
  const found = unreadOf(resource.type, resource.props);
  if (found === undefined || (found.kind === "UnknownType" && resource.options?.isComponent === true)) return [];
  return [subjectOf(resource, found.kind, found, resource.name)];
}

function carriedBy(content: unknown, { urn }: Resource): readonly Subject[] {
  return embeddedIn({ content, lineOf: () => 0 }, urn).map(({ subject }) => subject);
}

/** A Terraform module's resources have Terraform's names of arguments: `data_json`. */
function camelCased(props: Inputs): Inputs {
  const camel = (key: string): string => key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(props).map(([key, value]) => [camel(key), value]));
}

/** Inputs with the name that the provider uses, which says more than the program's name. */
const nameInputs: Partial<Record<Kind, readonly string[]>> = {
  KeyVaultSecret: ["secretName", "name"],
  KeyVault: ["vaultName", "name"],
  FederatedCredential: ["federatedIdentityCredentialResourceName", "name"],
  VaultAuthRole: ["roleName"],
  VaultJwtRole: ["roleName"],
  VaultSecret: ["path", "name"],
  VaultPolicy: ["name"],
};

function providerName(kind: Kind, props: unknown): string | undefined {
  return nameInputs[kind]?.map((key) => tryText(props, key)).find((name) => name !== undefined);
}
