import type { Stage } from "../../domain/stage.ts";
import { at, isRecord, isUnknown, type Path } from "./reading.ts";

/**
 * What rules look at, whatever it came from: a resource of a Pulumi program or state, a YAML document, a line of `.env`.
 * Each kind has one shape of `object`: a Kubernetes kind is its manifest, an Azure or Vault kind the provider's inputs.
 */
export const stageOfKind = {
  /** `object`: { name, value } */
  DotenvVariable: "dotenv",
  /** `azure-native:keyvault:Vault` */
  KeyVault: "key-vault",
  /** `azure-native:keyvault:Secret` */
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
  /** What another operator than External Secrets brings into the cluster, such as a VaultStaticSecret. */
  OtherDelivery: "external-secret",
  /** An object whose operator creates Secrets, such as a Cluster of CloudNativePG. */
  SecretMaker: "external-secret",
  Secret: "external-secret",
  ConfigMap: "bootstrap",
  ServiceAccount: "identity",
  CronJob: "bootstrap",
  /** Anything else with a pod template: Job, Deployment, StatefulSet, DaemonSet, ReplicaSet, Pod. */
  Workload: "bootstrap",
  /** A values file of a chart, or another document without `apiVersion` and `kind`. */
  Values: "bootstrap",
  /** A resource that writes what no rule can read; `object`: { reason } */
  OpaqueWriter: "external-secret",
  /** A resource of a type that no rule knows. */
  UnknownType: "external-secret",
} as const satisfies Record<string, Stage>;

export type Kind = keyof typeof stageOfKind;

/** One scalar of a subject. */
export interface Leaf {
  readonly path: Path;
  /** `undefined` while it is not known. */
  readonly value: string | undefined;
}

/** What the engine says beside the inputs. */
export interface SubjectOptions {
  readonly protect: boolean;
  /** Whether no provider creates it: then its children are what is written. @default false */
  readonly isComponent?: boolean;
  /** Subjects of the URNs that each top-level input was computed from. */
  readonly inputsFrom?: ReadonlyMap<string, readonly string[]>;
  /** URNs that must exist before. */
  readonly dependsOn?: readonly string[];
}

/** Stands among the origins of an input for a resource that the program only reads: the engine shows policies none of them. */
export const onlyRead = "a resource that the program only reads";

export interface Subject {
  readonly kind: Kind;
  /** As found: `kubernetes:external-secrets.io/v1:ExternalSecret` or `external-secrets.io/v1/ExternalSecret`. */
  readonly type: string;
  /** `resource`: values may be unknown or marked secret. `document`: text in a repository, plain for all who read it. */
  readonly origin: "resource" | "document";
  /** How people call it, such as `ExternalSecret ameide-dev/ghcr-pull-sync`. */
  readonly label: string;
  readonly object: unknown;
  /** URN, or file and index: tells two subjects of one label apart. */
  readonly id: string;
  /** Where `object` stands in its document: `["items", 0]` in a `List`. */
  readonly base: Path;
  readonly options?: SubjectOptions;
  /** Whether `object` is a patch of another object: what it lacks may be there. @default false */
  readonly isPatch?: boolean;
  /** Every scalar, walked once for all rules. */
  readonly leaves: () => readonly Leaf[];
  /** What rules work out of a subject and share; see {@link once}. */
  readonly memo: Map<symbol, unknown>;
}

export function ofKind(subjects: readonly Subject[], ...kinds: readonly Kind[]): readonly Subject[] {
  return subjects.filter(({ kind }) => kinds.includes(kind));
}

export function makeSubject(
  parts: Pick<Subject, "kind" | "type" | "origin" | "object" | "id"> & {
    readonly name?: string | undefined;
    readonly base?: Path;
    readonly options?: SubjectOptions;
    readonly isPatch?: boolean;
  },
): Subject {
  const { name, ...rest } = parts;
  let walked: readonly Leaf[] | undefined;
  return {
    base: [],
    ...rest,
    label: `${kindLabel(parts)} ${name ?? nameOf(parts.object)}`,
    leaves: () => (walked ??= walk(parts.object)),
    memo: new Map(),
  };
}

/** Works `make` out once per subject, whichever rule asks first. A verdict that is undecided is asked for again. */
export function once<T>(subject: Subject, key: symbol, make: () => T): T {
  if (!subject.memo.has(key)) subject.memo.set(key, make());
  return subject.memo.get(key) as T;
}

/** `namespace/name` of a manifest; parts that are not known or not there are left out. */
export function nameOf(object: unknown): string {
  const parts = [tryText(object, "metadata", "namespace"), tryText(object, "metadata", "name")];
  return parts.filter((part) => part !== undefined).join("/") || "without a name";
}

/** A text for messages, where it does not matter if it is missing, empty or unknown. */
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
  return ["Workload", "OtherDelivery", "SecretMaker"].includes(kind) ? kindOfType(type) : kind;
}

function kindOfType(type: string): string {
  return /(?<!\w)(\w+?)(?:Patch)?$/.exec(type)?.[1] ?? type;
}

function walk(object: unknown): readonly Leaf[] {
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
}
