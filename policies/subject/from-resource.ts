import { isListToken, kindOfManifest, kindOfToken, manifestOfToken } from "./kinds.ts";
import { isRecord, isSet, isUnknown } from "./reading.ts";
import { makeSubject, nameOf, tryText, type Kind, type Subject, type SubjectOptions } from "./subject.ts";

/** What is known of a resource of a Pulumi program, before it is made. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Inputs; unknown values as the engine's sentinels. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly options?: SubjectOptions;
}

/** @returns one subject, several for a list, none for a resource that no rule looks at. */
export function subjectsOfResource({ type, name, urn, props, options }: Resource): readonly Subject[] {
  const rest = options === undefined ? {} : { options };
  if (isListToken(type)) return itemsOf(type, urn, props, rest);
  const kind = kindOfToken(type);
  if (kind === undefined) return [];
  const manifest = manifestOfToken(type);
  const object = manifest === undefined ? withoutDefaults(props) : asManifest(props, manifest);
  const called = manifest === undefined ? (providerName(kind, object) ?? name) : nameOr(object, name);
  return [makeSubject({ kind, type, origin: "resource", object, id: urn, name: called, ...rest })];
}

/** A program may leave `apiVersion` and `kind` to the type. */
function asManifest(
  props: Readonly<Record<string, unknown>>,
  manifest: { readonly apiVersion: string; readonly kind: string },
): Readonly<Record<string, unknown>> {
  const missing = Object.entries(manifest).filter(([key]) => !isSet(props, key));
  return { ...props, ...Object.fromEntries(missing) };
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

function itemsOf(
  type: string,
  urn: string,
  props: Readonly<Record<string, unknown>>,
  rest: { options?: SubjectOptions },
): readonly Subject[] {
  const { items } = props;
  if (!Array.isArray(items) || isUnknown(items)) return [];
  const own = manifestOfToken(type);
  return items.flatMap((item, i) => {
    if (!isRecord(item) || own === undefined) return [];
    const object = { apiVersion: own.apiVersion, kind: own.kind.replace(/List$/, ""), ...item };
    const kind = kindOfManifest(String(object.apiVersion), String(object.kind));
    if (kind === undefined) return [];
    return [makeSubject({ kind, type, origin: "resource", object, id: `${urn}#${i}`, name: nameOf(object), ...rest })];
  });
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
      return tryText(props, "roleName");
    case "VaultSecret":
      return tryText(props, "path") ?? tryText(props, "name");
    case "VaultPolicy":
      return tryText(props, "name");
    default:
      return undefined;
  }
}
