import type { EnvironmentStack } from "./plan/environment.ts";

export interface VaultTarget {
  /** Such as `https://vault.example:8200`. */
  readonly address: string;
  /** Of Vault Enterprise or OpenBao, such as `platform/dev`. @default - the root namespace */
  readonly namespace?: string | undefined;
  /** PEM of the CA of the server's certificate. @default - what Node trusts */
  readonly ca?: string | undefined;
  /** Name that the server's certificate must have. @default - the host of `address` */
  readonly serverName?: string | undefined;
}

/** An environment's Vault from this machine. Through a port-forward the certificate has the name that pods use. */
export function operatorTarget(
  vault: Pick<EnvironmentStack["vault"], "address" | "operatorAddress" | "namespace" | "operatorCa">,
): VaultTarget {
  const { address: podAddress, operatorAddress: address, namespace, operatorCa } = vault;
  const isForwarded = isLoopback(address) && address.startsWith("https:") && !isLoopback(podAddress);
  return {
    address,
    ...(namespace !== undefined && { namespace }),
    ...(operatorCa !== undefined && { ca: operatorCa.pem }),
    ...(isForwarded && { serverName: new URL(podAddress).hostname }),
  };
}

/** The same server outside of any namespace, where root tokens belong. */
export function inRootNamespace({ namespace: _namespace, ...target }: VaultTarget): VaultTarget {
  return target;
}

export function isLoopback(address: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(address).hostname);
}
