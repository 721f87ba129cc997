import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What one program of ours sent, or was sent by gRPC. */
export interface SentMessage {
  /** Its arguments. */
  readonly program: string;
  /** Method and address of a request, such as `PUT https://127.0.0.1:1/secrets/a`; `received <path>` of a call by gRPC. */
  readonly to: string;
  readonly headers: unknown;
  /** Bytes that are not UTF-8 are replaced: a gRPC message keeps its texts. */
  readonly body: string;
}

/** Environment that has a program of ours, and what it starts, record each message in a file. It then holds values in clear. */
export function recordedIn(file: string, nodeOptions = ""): Readonly<Record<string, string>> {
  const recorder = join(import.meta.dirname, "wire-recorder.mjs");
  return { WIRE_RECORD: file, NODE_OPTIONS: `${nodeOptions} --import ${recorder}`.trim() };
}

export function sentMessages(file: string): readonly SentMessage[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as SentMessage);
}

/**
 * The messages with a value in them, each with what was found.
 *
 * @param search - of `canarySearch`.
 * @param isMeant - whether a message is one that has to carry a value.
 */
export function canariesOnTheWire(
  messages: readonly SentMessage[],
  search: (text: string) => readonly string[],
  isMeant: (message: SentMessage) => boolean,
): readonly string[] {
  return messages
    .filter((message) => !isMeant(message))
    .flatMap(({ program, to, headers, body }) =>
      search(`${to}\n${JSON.stringify(headers)}\n${body}`).map((found) => `${program}: ${to}: ${found}`),
    );
}
