import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Ended {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command line of ours that runs as a person's would: a process of its own, through `cli/bin.mjs`. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when standard error has said it; rejects when the process ends before. */
  said(text: string | RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const bin = fileURLToPath(new URL("../../cli/bin.mjs", import.meta.url));

/** @param input - what it reads from standard input. @default - nothing */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(input ?? "");
  let out = "";
  let err = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    for (const heard of listeners) heard();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    said: (text) =>
      new Promise((resolve, reject) => {
        const heard = () => {
          if (!(typeof text === "string" ? err.includes(text) : text.test(err))) return;
          listeners.delete(heard);
          resolve();
        };
        listeners.add(heard);
        void ended.then(({ code }) => reject(new Error(`ended with ${code} before it said ${text}:\n${err}`)));
        heard();
      }),
  };
}

/** Runs it to its end. */
export function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input?: string,
): Promise<Ended> {
  return startCommand(args, env, input).ended;
}
