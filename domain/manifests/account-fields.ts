/**
 * Every field by which a store or a generator of the whole cluster can log in as a ServiceAccount of any namespace, for
 * External Secrets 0.17 to 2.9. The rule and admission's CEL are built from it; a test compares it with the operator's
 * CustomResourceDefinitions.
 *
 * @see https://external-secrets.io/latest/api/spec/
 */

const vaultAccounts = [
  "kubernetes.serviceAccountRef",
  "jwt.kubernetesServiceAccountToken.serviceAccountRef",
  "iam.jwt.serviceAccountRef",
  // since 2.x
  "gcp.serviceAccountRef",
  "gcp.workloadIdentity.serviceAccountRef",
];

/** Of ClusterSecretStore, in `spec.provider`. */
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

/** Of ClusterGenerator, in `spec.generator`. */
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
