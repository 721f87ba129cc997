import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { runBootstrapJob, type BootstrapRun } from "../../../cli/access/bootstrap-job.ts";
import { openCluster } from "../../../clients/kubeconfig.ts";
import { FakeApiServer } from "./api-server.ts";

const cronJob = {
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "bootstrap", namespace: "ns", uid: "uid-of-the-cronjob" },
  spec: { jobTemplate: { spec: { backoffLimit: 0, template: { spec: { containers: [{ args: ["main.mjs"] }] } } } } },
};

interface CreatedJob {
  readonly metadata: { readonly ownerReferences: readonly object[] };
  readonly spec: {
    readonly ttlSecondsAfterFinished: number;
    readonly backoffLimit: number;
    readonly template: { readonly spec: { readonly containers: readonly object[] } };
  };
}

describe("runBootstrapJob", () => {
  let server: FakeApiServer;
  let created: CreatedJob | undefined;
  /** What the API server has of the Job, each time it is read. */
  let job: object | undefined;

  before(async () => {
    server = await FakeApiServer.start();
    server.answer = (request, response) => {
      const send = (body: object | undefined): void => {
        if (body === undefined) response.statusCode = 404;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(body ?? { kind: "Status", status: "Failure", reason: "NotFound", code: 404 }));
      };
      const { method, url = "" } = request;
      if (method === "POST")
        return void textOf(request).then((text) => {
          created = JSON.parse(text) as CreatedJob;
          send(created);
        });
      if (url.includes("/cronjobs/")) return send(cronJob);
      if (url.includes("/jobs/")) return send(job);
      return send({ items: [] });
    };
  });
  after(() => server.stop());

  const run = async (): Promise<BootstrapRun> =>
    runBootstrapJob(
      await openCluster(server),
      { namespace: "ns", bootstrap: { name: "bootstrap" } },
      {
        purpose: "rotate",
        flags: ["--until=unsealed"],
        timeoutInSeconds: 5,
        signal: new AbortController().signal,
      },
    );

  it("creates a Job that its CronJob removes, or the cluster an hour after its end", async () => {
    job = { status: { conditions: [{ type: "Complete", status: "True" }] } };
    assert.equal((await run()).succeeded, true);
    // without blockOwnerDeletion, as kubectl does: that asks for a right on the CronJob's finalizers
    assert.deepEqual(created?.metadata.ownerReferences, [
      { apiVersion: "batch/v1", kind: "CronJob", name: "bootstrap", uid: "uid-of-the-cronjob", controller: true },
    ]);
    assert.equal(created.spec.ttlSecondsAfterFinished, 3600);
    assert.equal(created.spec.backoffLimit, 0);
    assert.deepEqual(created.spec.template.spec.containers, [{ args: ["main.mjs", "--until=unsealed"] }]);
  });

  it("reports that a Job was removed before this command saw its end, and what to do", async () => {
    job = undefined;
    await assert.rejects(run(), {
      code: "bootstrap-job-gone",
      message: /removed before this command saw its end[^]*fix: run/,
    });
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
