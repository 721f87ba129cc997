import { genericArmResource, kindOfArm } from "./arm-template.ts";
import { embeddedIn } from "./embedded.ts";
import { isList } from "./from-document.ts";
import { kindOfManifest, kindOfToken, manifestOfToken } from "./kinds.ts";
import { isRecord } from "./reading.ts";
import { makeSubject, nameOf, tryText, type Kind, type Subject, type SubjectOptions } from "./subject.ts";
import { unreadOf } from "./unread.ts";

/** What is known of a resource of a Pulumi program, before it is made. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Inputs; unknown values as the engine's sentinels. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly options?: SubjectOptions;
}

/**
 * @returns the resource itself, the items of a list, and whatever it carries for another tool to apply; a resource that no
 *   rule can read as an `OpaqueWriter` or an `UnknownType`. None for one that is known to write no secret.
 */
export function subjectsOfResource(resource: Resource): readonly Subject[] {
  const manifest = manifestOfToken(resource.type);
  if (manifest !== undefined) return subjectsOfManifest(resource, manifest);
  return subjectsOfType({ ...resource, props: withoutDefaults(resource.props) as Resource["props"] });
}

/**
 * Inputs without those that a provider filled in, where it says which: providers that are bridged from Terraform list them
 * under `__defaults` of each object. The engine hides the list of the outermost object from policies; a state file keeps it.
 */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (!isRecord(value)) return value;
  const { __defaults: defaults, ...rest } = value;
  const given = Object.entries(rest).filter(([key]) => !(Array.isArray(defaults) && defaults.includes(key)));
  return Object.fromEntries(given.map(([key, item]) => [key, withoutDefaults(item)]));
}

/** Kubernetes applies the object by its own `apiVersion` and `kind`, whatever the type of the resource says. */
function subjectsOfManifest(
  resource: Resource,
  manifest: { readonly apiVersion: string; readonly kind: string },
): readonly Subject[] {
  const { props, name, urn } = resource;
  // a program may leave both to the type; a provider fills in ""
  const apiVersion = tryText(props, "apiVersion") || manifest.apiVersion;
  const kind = tryText(props, "kind") || manifest.kind;
  const object = { ...props, apiVersion, kind };
  const isAsTyped = apiVersion === manifest.apiVersion && kind === manifest.kind;
  const typed = isAsTyped ? resource : { ...resource, type: `kubernetes:${apiVersion}:${kind}` };
  if (isList(object)) return [...itemsOf(typed, object), ...carried(object, urn)];
  const known = kindOfManifest(apiVersion, kind);
  if (known === undefined) return [...unread(typed), ...carried(object, urn)];
  return [subjectOf(typed, known, object, nameOr(object, name)), ...carried(object, urn)];
}

function subjectsOfType(resource: Resource): readonly Subject[] {
  const { type, name, props, urn } = resource;
  const kind = kindOfToken(type);
  if (kind !== undefined) {
    const object = type.includes(":tf:") ? camelCased(props) : props;
    return [subjectOf(resource, kind, object, providerName(kind, object) ?? name)];
  }
  const generic = genericArmResource(type, props);
  if (generic === undefined) return [...unread(resource), ...carried(props, urn)];
  const known = kindOfArm(generic);
  const typed = { ...resource, type: generic.type };
  if (known === undefined) return [...unread(typed), ...carried(props, urn)];
  return [subjectOf(typed, known.kind, known.object, providerName(known.kind, known.object) ?? name)];
}

function subjectOf({ type, urn, options }: Resource, kind: Kind, object: unknown, name: string): Subject {
  const rest = options === undefined ? {} : { options };
  return makeSubject({ kind, type, origin: "resource", object, id: urn, name, ...rest });
}

function unread(resource: Resource): readonly Subject[] {
  const { type, name, props, options } = resource;
  const found = unreadOf(type, props);
  if (found?.kind === "UnknownType" && options?.isComponent === true) return [];
  return found === undefined ? [] : [subjectOf(resource, found.kind, found, name)];
}

function carried(content: unknown, urn: string): readonly Subject[] {
  return embeddedIn({ content, lineOf: () => 0 }, urn).map(({ subject }) => subject);
}

function itemsOf(resource: Resource, list: Readonly<Record<string, unknown>>): readonly Subject[] {
  const { items, apiVersion, kind } = list;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item, i) => {
    if (!isRecord(item)) return [];
    const object = { apiVersion, kind: String(kind).replace(/List$/, ""), ...item };
    const known = kindOfManifest(String(object.apiVersion), String(object.kind));
    if (known === undefined) return [];
    return [subjectOf({ ...resource, urn: `${resource.urn}#${i}` }, known, object, nameOf(object))];
  });
}

/** A Terraform module's resources have Terraform's own names of arguments: `data_json`. */
function camelCased(props: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const camel = (key: string): string => key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(props).map(([key, value]) => [camel(key), value]));
}

/** `namespace/name`, with the program's own name where the object's is not known or not there. */
function nameOr(object: unknown, name: string): string {
  const namespace = tryText(object, "metadata", "namespace");
  const known = tryText(object, "metadata", "name") ?? name;
  return namespace === undefined ? known : `${namespace}/${known}`;
}

/** The name that the provider gives it, which says more than the program's own. */
function providerName(kind: Kind, props: unknown): string | undefined {
  switch (kind) {
    case "KeyVaultSecret":
      return tryText(props, "secretName") ?? tryText(props, "name");
    case "KeyVault":
      return tryText(props, "vaultName") ?? tryText(props, "name");
    case "FederatedCredential":
      return tryText(props, "federatedIdentityCredentialResourceName") ?? tryText(props, "name");
    case "VaultAuthRole":
    case "VaultJwtRole":
      return tryText(props, "roleName");
    case "VaultSecret":
      return tryText(props, "path") ?? tryText(props, "name");
    case "VaultPolicy":
      return tryText(props, "name");
    default:
      return undefined;
  }
}
