export { applyCrds } from "./cluster-objects.ts";
export type { ServerName } from "./server.ts";
export { startControlPlane, startOpenBao, startServers, type StartOptions } from "./start.ts";
export { serverStates, type ServerState } from "./states.ts";
export { stopServers } from "./stop.ts";
