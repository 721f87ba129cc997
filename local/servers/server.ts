import { readFileSync } from "node:fs";
import { exchange } from "../../clients/http.ts";
import type { LocalPort } from "../../domain/local-ports.ts";

/** In the order in which each finds running what it needs. */
export const serverNames = [
  "etcd",
  "openbao",
  "kube-apiserver",
  "kube-controller-manager",
  "external-secrets",
  "stand-ins",
] as const;

export type ServerName = (typeof serverNames)[number];

/** One process of the local environment, as it should run. */
export interface Server {
  readonly name: ServerName;
  readonly binary: string;
  readonly args: readonly string[];
  /** All of its environment: nothing of the person's own reaches a server. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it listens, on 127.0.0.1; the first is the one to name. */
  readonly ports: readonly [LocalPort, ...LocalPort[]];
  /**
   * What else it reads when it starts, such as the text of its configuration file: when it changes, the server restarts.
   * @default - nothing
   */
  readonly inputs?: readonly string[];
  /** Must serve before this one starts. @default - none */
  readonly after?: readonly ServerName[];
  /** Done when those serve, right before it starts. */
  readonly prepare?: () => Promise<void>;
  /** Asks it itself. False, or a throw, while it does not serve yet. */
  readonly isReady: () => Promise<boolean>;
}

/** Whether an address answers with 200. @throws NetworkError */
export async function serves(...request: Parameters<typeof exchange>): Promise<boolean> {
  return (await exchange(...request)).status === 200;
}

/** PEM of a CA, and of a client's certificate and key, from their files. */
export function clientTls(ca: string, certificate: string, key: string) {
  return { ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) };
}
