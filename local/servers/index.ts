export { applyCrds } from "./cluster-objects.ts";
export { startServers } from "./start.ts";
export { serverStates } from "./states.ts";
