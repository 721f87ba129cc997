import { patcherJob } from "../../../diagnose/observe/jobs.ts";
import type { World } from "./world.ts";

/** Paths of all Jobs, of the client-patcher's, and of its pods. */
export function patcherJobs({ namespace }: World): Readonly<Record<"all" | "one" | "pods", string>> {
  const all = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods?labelSelector=job-name%3D${patcherJob}`;
  return { all, one: `${all}/${patcherJob}`, pods };
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
