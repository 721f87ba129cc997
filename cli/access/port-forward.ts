import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { UserError } from "../../domain/user-error.ts";

export interface PortForward {
  /** Such as `http://127.0.0.1:18200`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 for a port of one pod; `localPort` 0 is any free one. @throws UserError when it is taken. */
export async function openPortForward(options: {
  readonly kubeconfig?: string;
  readonly context: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podPort: number;
  readonly scheme: "http" | "https";
  readonly localPort: number;
}): Promise<PortForward> {
  const { KubeConfig, PortForward: Forward } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  config.setCurrentContext(options.context);
  const forward = new Forward(config, true);

  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket)).on("error", () => socket.destroy());
    // an error at the pod's end closes the connection: the caller sees that Vault does not answer
    const errors = new PassThrough().once("data", () => socket.destroy());
    forward
      .portForward(options.namespace, options.pod, [options.podPort], socket, errors, socket)
      .catch(() => socket.destroy());
  });
  await once(server.listen(options.localPort, "127.0.0.1"), "listening").catch((cause: unknown) => {
    throw UserError.of(
      "port-forward-taken",
      `127.0.0.1:${options.localPort} is in use, so no port-forward to ${options.namespace}/${options.pod} can be opened`,
      "free the port, or set vault.operatorAddress in the stack file to an address that reaches Vault",
      { cause },
    );
  });
  return {
    address: `${options.scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
