import { KubernetesClient } from "../../clients/kubernetes.ts";
import type { LocalHome } from "../home.ts";
import { clientTls } from "./server.ts";

export function administrator({ kubernetes }: LocalHome) {
  return clientTls(kubernetes.caCertificate, kubernetes.adminCertificate, kubernetes.adminKey);
}

export function homeCluster(home: LocalHome): KubernetesClient {
  return new KubernetesClient({ address: home.kubernetesUrl, ...administrator(home) });
}

/** By server-side apply as `ameide-secrets-local`. @param path - of the object, such as `/api/v1/namespaces/a`. */
export async function applyObject(home: LocalHome, path: string, object: object): Promise<void> {
  const cluster = homeCluster(home);
  await cluster.apply(path, object, { fieldManager: "ameide-secrets-local" });
  cluster.close();
}
