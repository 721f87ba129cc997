import { patcherJob } from "../../../diagnose/observe/client-patcher.ts";
import type { World } from "./world.ts";

export function patcherJobs({ namespace }: World): { readonly all: string; readonly one: string } {
  const all = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  return { all, one: `${all}/${patcherJob}` };
}

/** A Job that says what the client-patcher would, and fails as it would. */
export function failingJob(said: string): object {
  const script = `console.error(${JSON.stringify(said)}); process.exit(1)`;
  const container = {
    name: "main",
    image: "gcr.io/distroless/nodejs22-debian12",
    command: ["/nodejs/bin/node", "-e", script],
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: patcherJob },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [container] } } },
  };
}
