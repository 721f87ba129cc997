import type { EnvironmentName, Stage } from "../../domain/stage.ts";
import { at, isRecord, isUnknown, remembered, type LineOf, type Path } from "./reading.ts";

/**
 * Every kind of thing that rules look at, with its stage, whether from a program, a state, a document or `.env`. Each
 * kind has one shape of `object`: the manifest of a Kubernetes kind, or the inputs of the provider.
 */
export const stageOfKind = {
  /** `object`: { name, value } */
  DotenvVariable: "dotenv",
  KeyVault: "key-vault",
  KeyVaultSecret: "key-vault",
  ManagedIdentity: "identity",
  FederatedCredential: "identity",
  RoleAssignment: "identity",
  VaultProvider: "vault",
  VaultMount: "vault",
  VaultAuthBackend: "vault",
  VaultAuthConfig: "vault",
  VaultAuthRole: "vault",
  /** An auth method `jwt` or `oidc` with its configuration. */
  VaultJwtBackend: "vault",
  VaultJwtRole: "vault",
  VaultPolicy: "vault",
  VaultSecret: "vault",
  SecretStore: "secret-store",
  ClusterSecretStore: "secret-store",
  ClusterGenerator: "secret-store",
  ExternalSecret: "external-secret",
  ClusterExternalSecret: "external-secret",
  PushSecret: "external-secret",
  ClusterPushSecret: "external-secret",
  SealedSecret: "external-secret",
  /** An object with which another operator than External Secrets delivers secrets, such as a VaultStaticSecret. */
  OtherDelivery: "external-secret",
  /** An object with an operator that creates Secrets, such as a Cluster of CloudNativePG. */
  SecretMaker: "external-secret",
  Secret: "external-secret",
  ConfigMap: "bootstrap",
  ServiceAccount: "identity",
  CronJob: "bootstrap",
  /** Or ClusterRole. */
  Role: "bootstrap",
  /** Or ClusterRoleBinding. */
  RoleBinding: "bootstrap",
  /** Any other object with a pod template, and Pod. */
  Workload: "bootstrap",
  /** A values file of a chart, or another document without `apiVersion` and `kind`. */
  Values: "bootstrap",
  /** A resource that writes what no rule can read; `object`: { reason } */
  OpaqueWriter: "external-secret",
  UnknownType: "external-secret",
} as const satisfies Record<string, Stage>;

export type Kind = keyof typeof stageOfKind;

export function kindsByName(names: Readonly<Partial<Record<Kind, readonly string[]>>>): ReadonlyMap<string, Kind> {
  return new Map(Object.entries(names).flatMap(([kind, own]) => own.map((name) => [name, kind as Kind] as const)));
}

export interface SubjectOptions {
  readonly protect: boolean;
  /** Whether no provider creates it. Then its children are judged instead. @default false */
  readonly isComponent?: boolean;
  /** For each top-level input, the ids of the subjects that it was computed from. */
  readonly inputsFrom?: ReadonlyMap<string, readonly string[]>;
  /** URNs that must exist before. */
  readonly dependsOn?: readonly string[];
}

/** In `inputsFrom`, a resource that the program only reads: the engine does not show it to policies. */
export const onlyRead = "a resource that the program only reads";

export interface Subject {
  readonly kind: Kind;
  /** As found: `kubernetes:external-secrets.io/v1:ExternalSecret` or `external-secrets.io/v1/ExternalSecret`. */
  readonly type: string;
  /** `resource`: values may be unknown or marked secret. `document`: plain text in a repository. */
  readonly origin: "resource" | "document";
  /** Name for people, such as `ExternalSecret ameide-dev/ghcr-pull-sync`. */
  readonly label: string;
  readonly object: unknown;
  /** URN, or file and index: distinguishes two subjects with the same label. */
  readonly id: string;
  readonly options?: SubjectOptions;
  /** Whether `object` is a patch of another object, which may have what the patch lacks. @default false */
  readonly isPatch?: boolean;
}

export interface Located {
  readonly subject: Subject;
  readonly lineOf: LineOf;
  /** Where it goes, if not where the document goes. */
  readonly environment?: EnvironmentName | "shared";
}

export function makeSubject({
  name,
  ...parts
}: Pick<Subject, "kind" | "type" | "origin" | "object" | "id" | "options" | "isPatch"> & {
  readonly name?: string | undefined;
}): Subject {
  return { ...parts, label: `${kindLabel(parts)} ${name ?? nameOf(parts.object)}` };
}

/** Reads something of a subject once, whichever rule asks first; again if it threw. */
export function oncePerSubject<T>(read: (subject: Subject) => T): (subject: Subject) => T {
  return remembered(read, new WeakMap());
}

export function ofKind(subjects: readonly Subject[], ...kinds: readonly Kind[]): readonly Subject[] {
  return subjects.filter(({ kind }) => kinds.includes(kind));
}

/** `namespace/name` of a manifest, without parts that are missing or not known yet. */
export function nameOf(object: unknown): string {
  const parts = [tryText(object, "metadata", "namespace"), tryText(object, "metadata", "name")];
  return parts.filter((part) => part !== undefined).join("/") || "without a name";
}

/** A text that may be missing, empty or unknown: all three give `undefined`. */
export function tryText(object: unknown, ...path: Path): string | undefined {
  try {
    const value = at(object, ...path);
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch {
    return undefined;
  }
}

function kindLabel({ kind, type }: Pick<Subject, "kind" | "type">): string {
  if (kind === "OpaqueWriter" || kind === "UnknownType") return type;
  const isNamedByType = kind === "Workload" || kind === "OtherDelivery" || kind === "SecretMaker";
  return isNamedByType ? (/(?<!\w)(\w+?)(?:Patch)?$/.exec(type)?.[1] ?? type) : kind;
}

export interface Leaf {
  readonly path: Path;
  readonly value: string | undefined;
}

export const leavesOf = oncePerSubject(({ object }): readonly Leaf[] => {
  const leaves: Leaf[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (isUnknown(value)) leaves.push({ path, value: undefined });
    else if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, [...path, i]);
    else if (isRecord(value)) for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
    else if (typeof value === "string") leaves.push({ path, value });
    else if (typeof value === "number" || typeof value === "boolean") leaves.push({ path, value: `${value}` });
  };
  visit(object, []);
  return leaves;
});
