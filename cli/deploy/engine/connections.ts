import * as settings from "@pulumi/pulumi/runtime/settings.js";

/**
 * Gives each run of the engine connections of its own.
 *
 * Every run listens on ports that the system picks, and Pulumi's SDK never closes what an inline program connected by. A
 * call after the engine's end, as a refused run makes some, leaves that connection waiting to be tried again; `@grpc/grpc-js`
 * shares it with all clients of the process, by address. A later engine that got the same port was then refused unheard:
 * `14 UNAVAILABLE: No connection established`.
 *
 * The SDK has no setting for it, so this sets its own options of its clients; without them all is as before. A test holds
 * that they still take effect.
 */
export function keepConnectionsApart(): void {
  const { grpcClientOptions } = settings as { readonly grpcClientOptions?: Record<string, unknown> };
  if (grpcClientOptions !== undefined) grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
}
