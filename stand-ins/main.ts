import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UserError } from "../domain/user-error.ts";
import { startAzure } from "./azure/stand-in.ts";
import { localHome } from "../local/home.ts";
import { startHomeNode } from "./node/start-node.ts";

/** The process of the stand-ins for Azure and a node. local/servers starts it and ends it with SIGTERM. */
const { values } = parseArgs({
  options: {
    home: { type: "string" },
    "port-base": { type: "string" },
    tenant: { type: "string" },
    subscription: { type: "string" },
  },
});
const home = localHome({ dir: values.home ?? "", portBase: Number(values["port-base"]) });

async function startStandIns(): Promise<void> {
  const azure = await startAzure({
    port: home.port("azure"),
    dir: home.azure.dir,
    clusterIssuer: home.kubernetesUrl,
    clusterJwks: {
      url: `${home.kubernetesUrl}/openid/v1/jwks`,
      caPem: readFileSync(home.kubernetes.caCertificate, "utf8"),
    },
    ...(values.tenant === undefined ? {} : { tenantId: values.tenant }),
    ...(values.subscription === undefined ? {} : { subscriptionId: values.subscription }),
  });
  const node = await startHomeNode(home);
  process.once("SIGTERM", () => {
    // waits for both: an error of the node must not prevent Azure's pending write
    void Promise.allSettled([node.close(), azure.close()]).then((ends) => {
      const failures = ends.filter((end) => end.status === "rejected").map(({ reason }) => String(reason));
      for (const failure of failures) process.stderr.write(`the stand-ins ended with an error: ${failure}\n`);
      process.exit(failures.length === 0 ? 0 : 1);
    });
  });
}

try {
  await startStandIns();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`); // its end is in the message of the caller
  process.exit(1);
}
