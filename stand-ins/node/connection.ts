import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { KubernetesClientOptions } from "../../clients/kubernetes.ts";
import { UserError } from "../../domain/user-error.ts";

/** How to reach one API server and as whom. */
export type ApiConnection = Pick<KubernetesClientOptions, "address" | "ca" | "cert" | "key" | "authenticate">;

interface Named {
  readonly name: string;
}

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly (Named & { readonly context: { readonly cluster: string; readonly user: string } })[];
  readonly clusters?: readonly (Named & { readonly cluster: Readonly<Record<string, string>> })[];
  readonly users?: readonly (Named & { readonly user: Readonly<Record<string, string>> })[];
}

/**
 * Reads the current context of a kubeconfig, with a client certificate or a token; nothing else is needed here.
 *
 * @throws UserError if the file has no current context or the context names a cluster or user that is not there.
 */
export async function connectionFromKubeconfig(path: string): Promise<ApiConnection> {
  const { parse } = await import("yaml"); // loaded late: who passes a connection does not pay for the parser
  const config = parse(readFileSync(path, "utf8")) as Kubeconfig;
  const context = config.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users?.find(({ name }) => name === context?.user)?.user;
  if (cluster?.["server"] === undefined || user === undefined) {
    throw UserError.of(
      "local-kubeconfig",
      `${path} has no complete current context (${config["current-context"] ?? "none is set"})`,
      "ameide-secrets local up",
    );
  }
  const pem = (entry: Readonly<Record<string, string>>, key: string): string | undefined => {
    const inline = entry[`${key}-data`];
    const file = entry[key];
    if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
    return file === undefined ? undefined : readFileSync(resolve(dirname(path), file), "utf8");
  };
  const { token } = user;
  const cert = pem(user, "client-certificate");
  const key = pem(user, "client-key");
  return {
    address: cluster["server"],
    ca: pem(cluster, "certificate-authority") ?? "",
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined
      ? {}
      : { authenticate: () => Promise.resolve({ headers: { authorization: `Bearer ${token}` } }) }),
  };
}
