export { load } from "./load.ts";
export { repositoryRoot } from "./repository.ts";
export { readStackSettings } from "./stack-file.ts";
