import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { bootstrapServiceAccount } from "../../../domain/manifests/bootstrap-access.ts";
import { bootstrapConfigMap, bootstrapCronJob } from "../../../domain/manifests/bootstrap.ts";
import { startHomeNode } from "../../../stand-ins/node/start-node.ts";
import { applyClusterObjects } from "../../../local/servers/cluster-objects.ts";
import { useServers } from "../../support/servers.ts";
import { localStack } from "../../support/stacks.ts";

/** The program's CronJob on a real controller-manager, with a bundle that records how it was run. */
describe("the CronJob of vault-bootstrap", function () {
  this.timeout(60_000);
  const servers = useServers(["kube-controller-manager"]);
  let node: { close(): Promise<void> };

  const kubectl = async (...args: string[]): Promise<string> => {
    const { home, binaries } = servers();
    const { stdout } = await promisify(execFile)(binaries.kubectl, ["--kubeconfig", home.kubeconfig, ...args]);
    return stdout;
  };

  before(async () => {
    const { home, binaries } = servers();
    await applyClusterObjects(home, binaries);
    node = await startHomeNode(home);
  });
  after(() => node.close());

  it("runs on its schedule, with its configuration, its token for Azure and its pod's name for the run", async () => {
    const stack = localStack();
    const { bootstrap, namespace, strictness } = stack;
    const reported = `const { readFileSync } = require("node:fs");
      const { VAULT_BOOTSTRAP_RUN_ID: runId, VAULT_BOOTSTRAP_CONFIG: file, AZURE_FEDERATED_TOKEN_FILE: token } = process.env;
      const { sub } = JSON.parse(Buffer.from(readFileSync(token, "utf8").split(".")[1], "base64url").toString());
      console.log(JSON.stringify({ runId, environment: JSON.parse(readFileSync(file, "utf8")).environment, sub }));`;
    const scheduled = { ...stack, bootstrap: { ...bootstrap, bundle: reported } };
    const items = [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      bootstrapServiceAccount(scheduled, "client"),
      bootstrapConfigMap(scheduled),
      bootstrapCronJob(scheduled, "client"),
    ];
    const file = join(servers().home.dir, "objects.json");
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await kubectl("apply", "-f", file);

    // as if it had run once and missed its turn since: the controller makes up for it at once
    const before = new Date(Date.now() - (strictness.bootstrapIntervalInMinutes + 1) * 60_000).toISOString();
    const status = JSON.stringify({ status: { lastScheduleTime: before.replace(/\.\d+/, "") } });
    const own = ["-n", namespace, "cronjob", bootstrap.name];
    await kubectl("patch", ...own, "--subresource=status", "--type=merge", "-p", status);

    const job = await untilTold(() =>
      kubectl("get", "jobs", "-n", namespace, "-o", "jsonpath={.items[0].metadata.name}"),
    );
    assert.match(job, new RegExp(`^${bootstrap.name}-\\d+$`));
    // its next turn may come in this very minute, and it keeps no more than one run that succeeded
    await kubectl("patch", ...own, "--type=merge", "-p", JSON.stringify({ spec: { suspend: true } }));
    await kubectl("wait", "-n", namespace, "--for=condition=complete", `job/${job}`, "--timeout=30s");
    const pods = ["get", "pods", "-n", namespace, "-l", `job-name=${job}`, "-o", "jsonpath={.items[*].metadata.name}"];
    assert.deepEqual(JSON.parse(await kubectl("logs", "-n", namespace, `job/${job}`)), {
      runId: await kubectl(...pods),
      environment: "local",
      sub: `system:serviceaccount:${namespace}:${bootstrap.name}`,
    });
  });
});

async function untilTold(read: () => Promise<string>): Promise<string> {
  for (let tries = 0; tries < 300; tries += 1) {
    const text = await read().catch(() => "");
    if (text !== "") return text;
    await delay(100);
  }
  throw new Error("nothing came in half a minute");
}
