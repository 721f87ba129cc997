export type { LoadInput } from "./load-context.ts";
export { load, repositoryRoot } from "./load.ts";
export { readStackSettings } from "./stack-file.ts";
