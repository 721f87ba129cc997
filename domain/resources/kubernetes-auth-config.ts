import type { EnvironmentStack } from "../plan/environment.ts";

/** Configuration of Vault's Kubernetes auth, spelled as the provider's inputs. A pinned reviewer token is none of it (450). */
export interface KubernetesAuthConfig {
  readonly kubernetesHost: string;
  readonly disableIssValidation: boolean;
  readonly disableLocalCaJwt: boolean;
  /** PEM; where Vault runs outside of a pod and finds no CA of its own. */
  readonly kubernetesCaCert?: string;
}

/** `outside-pod`: Vault finds no CA and no account of its own, so it gets the CA and reviews each token by that token. */
export function kubernetesAuthConfig({
  vault,
  strictness,
}: Pick<EnvironmentStack, "vault" | "strictness">): KubernetesAuthConfig {
  return {
    kubernetesHost: vault.kubernetesHost,
    disableIssValidation: true,
    disableLocalCaJwt: strictness.vaultAuth === "outside-pod",
    ...(vault.kubernetesCaPem === undefined ? {} : { kubernetesCaCert: vault.kubernetesCaPem }),
  };
}

/** The same, spelled as Vault's API has it. */
export function asVaultFields({
  kubernetesHost,
  disableIssValidation,
  disableLocalCaJwt,
  kubernetesCaCert = "",
}: KubernetesAuthConfig) {
  return {
    kubernetes_host: kubernetesHost,
    kubernetes_ca_cert: kubernetesCaCert,
    disable_iss_validation: disableIssValidation,
    disable_local_ca_jwt: disableLocalCaJwt,
  };
}
