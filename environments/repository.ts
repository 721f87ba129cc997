import { fileURLToPath } from "node:url";

/** The repository that this program runs from, whatever the current folder is. */
export const repositoryRoot = fileURLToPath(new URL("..", import.meta.url));

/** Name of a stack's file, such as `Pulumi.dev.yaml`. */
export function stackFileName(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}
