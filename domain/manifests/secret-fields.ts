/*
 * The fields by which objects of External Secrets 0.17 to 2.9 can name, carry or write a secret, and log in as a
 * ServiceAccount. The rules read objects by these tables and admission's CEL is built from them, so that no field is judged by
 * one and forgotten by the other; a test compares them with the operator's CustomResourceDefinitions.
 * https://external-secrets.io/latest/api/spec/
 */

/** What a field is for. */
export type FieldRole =
  | "vault-path" // a path that is read from Vault
  | "search" // reads or pushes whatever matches
  | "generator" // takes a value that a generator creates
  | "cluster-secret" // a Secret of the cluster that is read
  | "written-path" // a path that is written to Vault
  | "bulk-write" // writes whatever keys the Secret has
  | "target" // the Secret that is written
  | "other-kind" // writes an object of another kind than Secret
  | "store" // the store that is read from or written to
  | "part" // a part (key, property, version) of what another row names
  | "text" // text that goes into the target: templates, names of ConfigMaps that hold them, new names for keys
  | "behaviour"; // neither names nor carries a secret

export interface SecretField {
  /** Path in the spec; `[]` means every item of a list. Everything below it has the same role, unless a row says otherwise. */
  readonly path: string;
  readonly role: FieldRole;
}

function rows(table: Readonly<Partial<Record<FieldRole, readonly string[]>>>): readonly SecretField[] {
  return (Object.keys(table) as FieldRole[]).flatMap((role) =>
    (table[role] ?? []).map((path): SecretField => ({ path, role })),
  );
}

/** Of ExternalSecret's `spec`, and of ClusterExternalSecret's `spec.externalSecretSpec`. */
export const externalSecretFields = rows({
  "vault-path": ["data[].remoteRef.key", "dataFrom[].extract.key"],
  search: ["dataFrom[].find"],
  generator: ["data[].sourceRef.generatorRef", "dataFrom[].sourceRef.generatorRef"],
  "cluster-secret": ["target.template.templateFrom[].secret.name"],
  target: ["target.name"],
  // since 1.0
  "other-kind": ["target.manifest"],
  store: ["secretStoreRef", "data[].sourceRef.storeRef", "dataFrom[].sourceRef.storeRef"],
  part: ["data[].remoteRef", "data[].secretKey", "dataFrom[].extract", "target.template.templateFrom[].secret.items"],
  text: ["target.template", "dataFrom[].rewrite"],
  behaviour: [
    "refreshInterval",
    "refreshPolicy",
    "syncWindows",
    "target.creationPolicy",
    "target.deletionPolicy",
    "target.immutable",
  ],
});

/** Members of an entry of `dataFrom`: External Secrets runs the first one that is present, in this order, and ignores the rest. */
export const dataFromMembers = ["find", "extract", "sourceRef.generatorRef"] as const;

/** Of PushSecret's `spec`, and of ClusterPushSecret's `spec.pushSecretSpec`. */
export const pushSecretFields = rows({
  "written-path": ["data[].match.remoteRef.remoteKey"],
  // since 2.x
  "bulk-write": ["dataTo[]"],
  search: ["selector.secret.selector"],
  generator: ["selector.generatorRef"],
  "cluster-secret": ["selector.secret.name", "template.templateFrom[].secret.name"],
  store: ["secretStoreRefs[]", "dataTo[].storeRef"],
  part: ["data[].match", "template.templateFrom[].secret.items"],
  text: ["template"],
  behaviour: ["refreshInterval", "updatePolicy", "deletionPolicy", "data[].conversionStrategy", "data[].metadata"],
});

export function pathsOfRole(fields: readonly SecretField[], ...roles: readonly FieldRole[]): readonly string[] {
  return fields.filter(({ role }) => roles.includes(role)).map(({ path }) => path);
}

/** The row that a field belongs to: the one with the longest path at or above it. */
export function rowOf(fields: readonly SecretField[], path: string): SecretField | undefined {
  return fields
    .filter((row) => path === row.path || path.startsWith(`${row.path}.`) || path.startsWith(`${row.path}[`))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

const vaultAccounts = [
  "kubernetes.serviceAccountRef",
  "jwt.kubernetesServiceAccountToken.serviceAccountRef",
  "iam.jwt.serviceAccountRef",
  // since 2.x
  "gcp.serviceAccountRef",
  "gcp.workloadIdentity.serviceAccountRef",
];

/** Accounts of any namespace that a ClusterSecretStore can log in as, in `spec.provider`. */
export const storeAccountFields: readonly string[] = [
  ...vaultAccounts.map((path) => `vault.auth.${path}`),
  "azurekv.serviceAccountRef",
  "kubernetes.auth.serviceAccount",
  "aws.auth.jwt.serviceAccountRef",
  "akeyless.authSecretRef.kubernetesAuth.serviceAccountRef",
  "conjur.auth.jwt.serviceAccountRef",
  "gcpsm.auth.workloadIdentity.serviceAccountRef",
  "oracle.serviceAccountRef",
  // since 1.0
  "gcpsm.auth.workloadIdentityFederation.serviceAccountRef",
  // since 2.x
  "akeyless.authSecretRef.serviceAccountRef",
  "crd.auth.serviceAccount",
  "doppler.auth.oidcConfig.serviceAccountRef",
  "pulumi.auth.oidcConfig.serviceAccountRef",
];

/** The same of a ClusterGenerator, in `spec.generator`. */
export const generatorAccountFields: readonly string[] = [
  ...vaultAccounts.map((path) => `vaultDynamicSecretSpec.provider.auth.${path}`),
  "acrAccessTokenSpec.auth.workloadIdentity.serviceAccountRef",
  "ecrAuthorizationTokenSpec.auth.jwt.serviceAccountRef",
  "gcrAccessTokenSpec.auth.workloadIdentity.serviceAccountRef",
  "quayAccessTokenSpec.serviceAccountRef",
  "stsSessionTokenSpec.auth.jwt.serviceAccountRef",
  // since 1.0
  "cloudsmithAccessTokenSpec.serviceAccountRef",
  "gcrAccessTokenSpec.auth.workloadIdentityFederation.serviceAccountRef",
];
