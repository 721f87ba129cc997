import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** One option of a command, in commander's own notation. */
export interface OptionSpec {
  /** Such as `--stack <name>` or `--json`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string | boolean | number;
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** The option can be repeated; the value is an array. */
  readonly repeatable?: boolean;
}

/** Options that many commands share have the same place in every help text: the stack first, these last. */
const places: readonly string[] = ["--yes", "--json", "--home", "--port-base"];

/** Options in the order of the help text: the stack, the options of this command, then the shared ones. */
export function inOrder(options: readonly OptionSpec[]): readonly OptionSpec[] {
  const place = ({ flags }: OptionSpec): number => {
    const [name = ""] = flags.split(" ");
    return name === "--stack" ? -2 : places.indexOf(name);
  };
  return options.toSorted((a, b) => place(a) - place(b));
}

/**
 * A command is data and a function from flags to an exit code. Every `--help` loads the data of all commands, so a
 * command imports everything heavy inside `run`.
 */
export interface Command<Flags extends object = Record<string, unknown>> {
  /** Words as typed, such as `local up`. */
  readonly name: string;
  readonly summary: string;
  /** Positional arguments in commander's notation, such as `<name>` or `[paths...]`. */
  readonly arguments?: readonly { readonly name: string; readonly summary: string }[];
  readonly options?: readonly OptionSpec[];
  /** Whole command lines, shown by `--help`. */
  readonly examples: readonly string[];
  run(flags: Flags, io: Io, args: readonly string[], signal: AbortSignal): Promise<ExitCode>;
}
