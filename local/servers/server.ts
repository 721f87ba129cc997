import { readFileSync } from "node:fs";
import { exchange } from "../../clients/http.ts";
import type { LocalPort } from "../../domain/local-ports.ts";

/** In the order of starting. */
export const serverNames = [
  "etcd",
  "openbao",
  "kube-apiserver",
  "kube-controller-manager",
  "external-secrets",
  "stand-ins",
] as const;

export type ServerName = (typeof serverNames)[number];

export interface Server {
  readonly name: ServerName;
  readonly binary: string;
  readonly args: readonly string[];
  /** Complete: a server gets nothing of the person's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** On 127.0.0.1; the first one is for messages. */
  readonly ports: readonly [LocalPort, ...LocalPort[]];
  /** What else it reads when it starts: a change restarts it. @default - nothing */
  readonly inputs?: readonly string[];
  /** Servers that must serve before this one starts. @default - none */
  readonly after?: readonly ServerName[];
  /** Runs after those serve, right before the start. */
  readonly prepare?: () => Promise<void>;
  /** False, or a throw, until it serves. */
  readonly isReady: () => Promise<boolean>;
}

/** Whether the answer is 200. @throws NetworkError */
export async function serves(...request: Parameters<typeof exchange>): Promise<boolean> {
  return (await exchange(...request)).status === 200;
}

export function clientTls(ca: string, certificate: string, key: string) {
  return { ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) };
}
