import { fileURLToPath } from "node:url";

/** The repository that this program runs from, whatever the current folder is. */
export const repositoryRoot = fileURLToPath(new URL("..", import.meta.url));
