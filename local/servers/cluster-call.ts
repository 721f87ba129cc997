import { KubernetesClient } from "../../clients/kubernetes.ts";
import type { LocalHome } from "../home.ts";
import { clientTls } from "./server.ts";

/** PEM of the API server's CA, and of its administrator. */
export function administrator({ kubernetes }: LocalHome) {
  return clientTls(kubernetes.caCertificate, kubernetes.adminCertificate, kubernetes.adminKey);
}

/** The API server of a home, as its administrator. */
export function homeCluster(home: LocalHome): KubernetesClient {
  return new KubernetesClient({ address: home.kubernetesUrl, ...administrator(home) });
}

/**
 * Creates or changes one object by server-side apply, as field manager `ameide-secrets-local`.
 *
 * @param path - of the object itself, such as `/api/v1/namespaces/a`.
 */
export async function applyObject(home: LocalHome, path: string, object: object): Promise<void> {
  const cluster = homeCluster(home);
  await cluster.apply(path, object, { fieldManager: "ameide-secrets-local" });
  cluster.close();
}
