import { existsSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { localContext, type LocalHome } from "../home.ts";
import { writePrivateFile } from "../private-file.ts";
import { clusterUsers, issueClient } from "./certificates.ts";

/**
 * Writes the kubeconfigs: the person's (context `ameide-local`, administrator), and one with the rights that it needs
 * for each of controller-manager, operator and node stand-in. They hold their keys, so they are 0600, and the ports,
 * so they are written again if these moved.
 */
export async function writeKubeconfigs(home: LocalHome): Promise<void> {
  const { kubernetes, kubeconfig } = home;
  writeIfOther(kubeconfig, configFor(home, clusterUsers.admin, kubernetes.adminCertificate, kubernetes.adminKey));
  await writeClient(home, kubernetes.controllerManagerKubeconfig, { name: clusterUsers.controllerManager });
  await writeClient(home, kubernetes.externalSecretsKubeconfig, { name: clusterUsers.externalSecrets });
  await writeClient(home, kubernetes.nodeKubeconfig, { name: clusterUsers.node, organisation: "system:nodes" });
}

async function writeClient(
  home: LocalHome,
  path: string,
  client: { readonly name: string; readonly organisation?: string },
): Promise<void> {
  const ca = base64(readFileSync(home.kubernetes.caCertificate, "utf8"));
  if (existsSync(path)) {
    const present = readFileSync(path, "utf8");
    if (present.includes(ca) && present.includes(`${home.kubernetesUrl}\n`)) return;
  }
  const { certificate, key } = await issueClient(home, client);
  writePrivateFile(path, render(home, client.name, certificate, key));
}

function configFor(home: LocalHome, user: string, certificateFile: string, keyFile: string): string {
  return render(home, user, readFileSync(certificateFile, "utf8"), readFileSync(keyFile, "utf8"));
}

function render({ kubernetes, kubernetesUrl }: LocalHome, user: string, certificate: string, key: string): string {
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": localContext,
      clusters: [
        {
          name: localContext,
          cluster: {
            server: kubernetesUrl,
            "certificate-authority-data": base64(readFileSync(kubernetes.caCertificate, "utf8")),
          },
        },
      ],
      contexts: [{ name: localContext, context: { cluster: localContext, user } }],
      users: [{ name: user, user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) } }],
    },
    { lineWidth: 0 },
  );
}

/** A rewrite of the same text would only make watchers of the file start. */
function writeIfOther(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writePrivateFile(path, text);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
