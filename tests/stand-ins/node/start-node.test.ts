import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { LocalHome } from "../../../local/home.ts";
import { applyClusterObjects } from "../../../local/servers/cluster-objects.ts";
import { startHomeNode } from "../../../stand-ins/node/start-node.ts";
import { identify } from "../../../local/process-identity.ts";
import { useServers } from "../../support/servers.ts";

const image = "gcr.io/distroless/nodejs22-debian12:nonroot";
const nodeIn = "/nodejs/bin/node";

/** On a real etcd, API server and controller-manager; kubectl is the one that people use. */
describe("startNode", function () {
  this.timeout(60_000);
  const servers = useServers(["kube-controller-manager"]);
  let node: { close(): Promise<void> };
  let home: LocalHome;

  const kubectl = async (...args: string[]): Promise<string> => {
    const { binaries } = servers();
    const { stdout } = await promisify(execFile)(binaries.kubectl, ["--kubeconfig", home.kubeconfig, ...args]);
    return stdout;
  };
  const apply = async (object: object): Promise<void> => {
    const file = join(home.dir, "object.json");
    writeFileSync(file, JSON.stringify(object));
    await kubectl("apply", "-f", file);
  };
  const pod = async (name: string): Promise<PodJson> =>
    JSON.parse(await kubectl("get", "pod", name, "-o", "json")) as PodJson;
  const podOf = async (job: string): Promise<PodJson> => {
    const list = JSON.parse(await kubectl("get", "pods", "-l", `job-name=${job}`, "-o", "json")) as {
      items: PodJson[];
    };
    assert.equal(list.items.length, 1);
    return list.items[0] as PodJson;
  };
  const script = (text: string, container: object = {}) => ({
    restartPolicy: "Never",
    containers: [{ name: "main", image, command: [nodeIn, "-e", text], ...container }],
  });
  const job = (name: string, spec: object) =>
    apply({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name },
      spec: { backoffLimit: 0, template: { spec } },
    });

  before(async () => {
    ({ home } = servers());
    await applyClusterObjects(home, servers().binaries); // the rights of the node's own user
    node = await startHomeNode(home);
  });
  after(() => node.close());

  it("registers a node that is Ready", async () => {
    const [line = ""] = (await kubectl("get", "nodes", "--no-headers")).split("\n");
    assert.match(line, /^ameide-local-node\s+Ready\s/);
  });

  it("completes a Job that reads its ConfigMap, its projected token for Azure and its own account's token", async () => {
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "bundle" },
      data: {
        "main.cjs": `const { readFileSync } = require("node:fs");
          const [, claims] = readFileSync(process.env.AZURE_FEDERATED_TOKEN_FILE, "utf8").split(".");
          const { aud, sub, "kubernetes.io": bound } = JSON.parse(Buffer.from(claims, "base64url").toString());
          console.log(JSON.stringify({ aud, sub, pod: bound.pod.name, name: process.env.POD_NAME, flag: process.argv[2],
            namespace: readFileSync(process.env.ACCOUNT + "/namespace", "utf8"), home: process.env.HOME ?? null }));`,
      },
    });
    await job("walks", {
      restartPolicy: "Never",
      containers: [
        {
          name: "main",
          image,
          command: [nodeIn, "/opt/bundle/main.cjs"],
          args: ["--until=unsealed"],
          env: [
            { name: "AZURE_FEDERATED_TOKEN_FILE", value: "/var/run/secrets/azure/tokens/azure-identity-token" },
            { name: "ACCOUNT", value: "/var/run/secrets/kubernetes.io/serviceaccount" },
            { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          volumeMounts: [
            { name: "bundle", mountPath: "/opt/bundle" },
            { name: "token", mountPath: "/var/run/secrets/azure/tokens" },
          ],
        },
      ],
      volumes: [
        { name: "bundle", configMap: { name: "bundle" } },
        {
          name: "token",
          projected: {
            sources: [
              {
                serviceAccountToken: {
                  audience: "api://AzureADTokenExchange",
                  expirationSeconds: 3600,
                  path: "azure-identity-token",
                },
              },
            ],
          },
        },
      ],
    });
    await kubectl("wait", "--for=condition=complete", "job/walks", "--timeout=30s");
    const { metadata } = await podOf("walks");
    assert.deepEqual(JSON.parse(await kubectl("logs", "job/walks")), {
      aud: ["api://AzureADTokenExchange"],
      sub: "system:serviceaccount:default:default",
      pod: metadata.name,
      name: metadata.name,
      flag: "--until=unsealed",
      namespace: "default",
      home: null,
    });
  });

  it("keeps tokens readable by their owner only", async () => {
    const { metadata } = await podOf("walks");
    const dir = join(home.node.dir, "pods", metadata.uid, "volumes", "token");
    assert.equal(statSync(dir).mode & 0o077, 0);
    assert.equal(statSync(join(dir, "azure-identity-token")).mode & 0o077, 0);
  });

  it("reports a failing Job's exit code and its last output", async () => {
    const words = { terminationMessagePolicy: "FallbackToLogsOnError" };
    await job("fails", script("console.log('no key'); process.exit(23)", words));
    await kubectl("wait", "--for=condition=failed", "job/fails", "--timeout=30s");
    const { status } = await podOf("fails");
    const { exitCode, reason, message } = status.containerStatuses?.[0]?.state.terminated ?? {};
    assert.deepEqual([status.phase, exitCode, reason, message], ["Failed", 23, "Error", "no key\n"]);
  });

  it("runs a CronJob's template manually, and ends it at its deadline", async () => {
    const spec = script("setInterval(() => {}, 1000)");
    await apply({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "hourly" },
      spec: {
        schedule: "0 * * * *",
        jobTemplate: { spec: { backoffLimit: 0, activeDeadlineSeconds: 2, template: { spec } } },
      },
    });
    await kubectl("create", "job", "by-hand", "--from=cronjob/hourly");
    await kubectl("wait", "--for=condition=failed", "job/by-hand", "--timeout=30s");
    const { status } = JSON.parse(await kubectl("get", "job", "by-hand", "-o", "json")) as JobJson;
    assert.equal(status.conditions.find(({ type }) => type === "Failed")?.reason, "DeadlineExceeded");
  });

  it("ends a pod at its own deadline with DeadlineExceeded", async () => {
    await apply(podObject("late", { ...script("setInterval(() => {}, 1000)"), activeDeadlineSeconds: 1 }));
    await kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/late", "--timeout=30s");
    assert.equal((await pod("late")).status.reason, "DeadlineExceeded");
  });

  it("ends a deleted pod's process, SIGTERM first and SIGKILL after the grace, and removes its folder", async () => {
    const stubborn = "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)";
    await apply(podObject("stubborn", { ...script(stubborn), terminationGracePeriodSeconds: 1 }));
    await kubectl("wait", "--for=condition=Ready", "pod/stubborn", "--timeout=30s");
    const pid = Number(await untilLogged(() => kubectl("logs", "stubborn")));
    const dir = join(home.node.dir, "pods", (await pod("stubborn")).metadata.uid);
    await kubectl("delete", "pod", "stubborn", "--timeout=30s");
    assert.equal(identify(pid), undefined);
    await until(() => !existsSync(dir));
  });

  it("keeps a pod in ImagePullBackOff for an image that it cannot run, with an Event", async () => {
    await apply(podObject("foreign", { containers: [{ name: "main", image: "ghcr.io/ameide/platform:1" }] }));
    await kubectl(
      "wait",
      "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff",
      "pod/foreign",
      "--timeout=30s",
    );
    assert.match(
      await kubectl("get", "events", "--field-selector=involvedObject.name=foreign"),
      /Failed to pull image/,
    );
  });

  it("waits for a Secret that a container reads, and starts when it exists", async () => {
    const env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "later", key: "key" } } }];
    await apply(podObject("patient", script("console.log(process.env.KEY)", { env })));
    await kubectl(
      "wait",
      "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError",
      "pod/patient",
      "--timeout=30s",
    );
    await kubectl("create", "secret", "generic", "later", "--from-literal=key=arrived");
    await kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/patient", "--timeout=30s");
    assert.equal(await kubectl("logs", "patient"), "arrived\n");
  });

  it("runs initContainers in order, each to its end, before the container", async () => {
    const init = (name: string) => ({ name, image, command: [nodeIn, "-e", `console.log("${name}")`] });
    await apply(
      podObject("ordered", { ...script("console.log('main')"), initContainers: [init("first"), init("second")] }),
    );
    await kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/ordered", "--timeout=30s");
    const lines = (await kubectl("logs", "ordered", "--all-containers", "--timestamps")).trim().split("\n").toSorted();
    assert.deepEqual(
      lines.map((line) => line.split(" ")[1]),
      ["first", "second", "main"],
    );
  });

  it("refuses a request for logs without a certificate of the cluster", async () => {
    const found = await fetchInsecurely(home.port("kubelet"), "/containerLogs/default/patient/main");
    assert.equal(found, 401);
  });

  it("marks a pod of a killed run as failed, and ends its leftover process", async () => {
    await node.close();
    const killed = await separateNode(home);
    await apply(podObject("orphan", script("console.log(process.pid); setInterval(() => {}, 1000)")));
    await kubectl("wait", "--for=condition=Ready", "pod/orphan", "--timeout=30s");
    const pid = Number(await untilLogged(() => kubectl("logs", "orphan")));
    killed.kill("SIGKILL");
    assert.notEqual(identify(pid), undefined);

    const next = await separateNode(home);
    await kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/orphan", "--timeout=30s");
    await until(() => identify(pid) === undefined);
    next.kill("SIGTERM");
    node = { close: () => Promise.resolve() };
  });
});

interface PodJson {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly containerStatuses?: readonly {
      readonly state: {
        readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message?: string };
      };
    }[];
  };
}

interface JobJson {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly reason?: string }[] };
}

function podObject(name: string, spec: object): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

/** A process starts before its first line is written. */
async function untilLogged(read: () => Promise<string>): Promise<string> {
  let text = "";
  await until(async () => (text = await read()) !== "");
  return text;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return;
    await delay(50);
  }
  throw new Error("it did not come about within 15 s");
}

/** The node stand-in in a process of its own, as a person runs it: one that can be killed. */
async function separateNode(home: LocalHome): Promise<ChildProcess> {
  const { dir, portBase } = home;
  const code = `
    import { localHome } from "../../local/home.ts";
    import { startHomeNode } from "./start-node.ts";
    const node = await startHomeNode(localHome(${JSON.stringify({ dir, portBase })}));
    process.once("SIGTERM", () => node.close());
    console.log("serves");`;
  const cwd = join(import.meta.dirname, "../../../stand-ins/node");
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

async function fetchInsecurely(port: number, path: string): Promise<number> {
  const { get } = await import("node:https");
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", reject);
  });
}
