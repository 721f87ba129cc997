import { existsSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { localContext, type LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import { clusterUsers } from "./certificates.ts";

/**
 * Writes the kubeconfigs: the person's (context `ameide-local`, administrator), and those of controller-manager and
 * operator with the rights that each needs. They contain keys, so they are 0600. One that would not change is not written:
 * that would only trigger whoever watches the file.
 */
export function writeKubeconfigs(home: LocalHome): void {
  const { kubernetes, kubeconfig } = home;
  const { controllerManagerKubeconfig, externalSecretsKubeconfig } = kubernetes;
  for (const [path, user] of [
    [kubeconfig, "admin"],
    [controllerManagerKubeconfig, "controllerManager"],
    [externalSecretsKubeconfig, "externalSecrets"],
  ] as const) {
    const text = kubeconfigOf(home, user);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writePrivateFile(path, text);
  }
}

function kubeconfigOf(
  { kubernetes, kubernetesUrl: server }: LocalHome,
  user: "admin" | "controllerManager" | "externalSecrets",
): string {
  const base64 = (path: string) => readFileSync(path, "base64");
  const name = clusterUsers[user];
  const credentials = {
    "client-certificate-data": base64(kubernetes[`${user}Certificate`]),
    "client-key-data": base64(kubernetes[`${user}Key`]),
  };
  const cluster = { server, "certificate-authority-data": base64(kubernetes.caCertificate) };
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": localContext,
      clusters: [{ name: localContext, cluster }],
      contexts: [{ name: localContext, context: { cluster: localContext, user: name } }],
      users: [{ name, user: credentials }],
    },
    { lineWidth: 0 },
  );
}
