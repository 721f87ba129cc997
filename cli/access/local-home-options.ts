import { UserError } from "../../domain/user-error.ts";
import type { OptionSpec } from "../command.ts";

export interface LocalHomeFlags {
  readonly home?: string;
  readonly portBase?: string;
}

export const localHomeOptions = [
  {
    flags: "--home <folder>",
    summary: "folder of the local environment (default: ~/.local/state/ameide-secrets/local)",
  },
  {
    flags: "--port-base <port>",
    summary: "first of ten loopback ports (default: those of the last start, at first 28200)",
  },
] as const satisfies readonly OptionSpec[];

/** The home that the flags name; its ports are those it had last unless they are given. */
export async function homeOf({ home: dir, portBase }: LocalHomeFlags) {
  const { lastPortBase, localHome } = await import("../../local/home.ts");
  const named = localHome(dir === undefined ? {} : { dir });
  const port = portBase === undefined ? lastPortBase(named) : portOf(portBase);
  return localHome({ dir: named.dir, ...(port === undefined ? {} : { portBase: port }) });
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= 65_500) return port;
  const problem = `--port-base ${JSON.stringify(text)} is not a port`;
  throw UserError.of("port-base-invalid", problem, "use a number from 1024 to 65500");
}
