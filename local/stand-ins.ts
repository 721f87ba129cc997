import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UserError } from "../domain/user-error.ts";
import { startAzure } from "./azure/stand-in.ts";
import { localHome } from "./home.ts";
import { connectionFromKubeconfig } from "./node/connection.ts";
import { startNode } from "./node/start-node.ts";

/**
 * The process that plays Azure and a node of the cluster. It is started and ended by local/servers; SIGTERM writes what
 * is not written yet and ends the pods.
 */
const { values } = parseArgs({
  options: {
    home: { type: "string" },
    "port-base": { type: "string" },
    tenant: { type: "string" },
    subscription: { type: "string" },
  },
});
const home = localHome({ dir: values.home ?? "", portBase: Number(values["port-base"]) });
const { kubernetes } = home;

async function startStandIns(): Promise<void> {
  const azure = await startAzure({
    port: home.port("azure"),
    dir: home.azure.dir,
    clusterIssuer: home.kubernetesUrl,
    clusterJwks: {
      url: `${home.kubernetesUrl}/openid/v1/jwks`,
      caPem: readFileSync(kubernetes.caCertificate, "utf8"),
    },
    ...(values.tenant === undefined ? {} : { tenantId: values.tenant }),
    ...(values.subscription === undefined ? {} : { subscriptionId: values.subscription }),
  });
  const node = await startNode({
    connection: await connectionFromKubeconfig(kubernetes.nodeKubeconfig),
    dir: home.node.dir,
    port: home.port("kubelet"),
    serving: {
      cert: readFileSync(kubernetes.kubeletServerCertificate, "utf8"),
      key: readFileSync(kubernetes.kubeletServerKey, "utf8"),
      clientCa: readFileSync(kubernetes.caCertificate, "utf8"),
    },
  });
  process.once("SIGTERM", () => {
    Promise.all([node.close(), azure.close()]).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

try {
  await startStandIns();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`); // its end stands in the message of who started this
  process.exit(1);
}
