import { digestOf } from "../digest.ts";
import type { EnvironmentStack } from "../plan/environment.ts";
import { bootstrapSyncJob } from "./bootstrap.ts";

/**
 * What one run of vault-bootstrap depends on: its whole pod, in which the ConfigMap's name stands for bundle and
 * configuration, and `runId`. The `-sync` Job carries it in its name, so that it runs again exactly when something
 * changed: under one name, the API server lets no one change a Job's pod.
 *
 * @param also - what is known only to resources, such as the client id and the versions of the values that this update
 *   wrote to Key Vault; names, no value. @default - nothing
 * @returns 12 hex digits.
 */
export function chainDigest(stack: EnvironmentStack, also: readonly string[] = []): string {
  const { runId = "" } = stack.bootstrap;
  return digestOf([JSON.stringify(bootstrapSyncJob(stack, "", "")), runId, ...also]);
}
