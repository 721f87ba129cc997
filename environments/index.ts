export type { LoadInput } from "./load-context.ts";
export { load } from "./load.ts";
export { readStackSettings } from "./stack-file.ts";
