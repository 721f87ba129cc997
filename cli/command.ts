import type { Io } from "./io.ts";

/** One option of a command, in commander's own notation. */
export interface OptionSpec {
  /** Such as `--stack <name>` or `--json`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string | number;
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** The option can be repeated; the value is an array. */
  readonly repeatable?: boolean;
  /** Converts the value. @throws UserError */
  readonly parse?: (text: string) => unknown;
}

type CamelCase<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;
type NameOf<Flags extends string> = Flags extends `--no-${infer Name}`
  ? CamelCase<Name>
  : Flags extends `--${infer Name} <${string}` | `--${infer Name}`
    ? CamelCase<Name>
    : never;
type ValueOf<Option extends OptionSpec> = Option extends { readonly flags: `${string}<${string}` }
  ? Option extends { readonly repeatable: true }
    ? readonly string[]
    : Option extends { readonly parse: (text: string) => infer Value }
      ? Value
      : Option extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string
  : boolean;
type AlwaysSet = { readonly required: true } | { readonly default: unknown } | { readonly flags: `--no-${string}` };

/** What a command receives for its options: `--rotate-every <days>` is `rotateEvery`. */
export type FlagsOf<Options extends readonly OptionSpec[]> = {
  readonly [Option in Options[number] as Option extends AlwaysSet ? NameOf<Option["flags"]> : never]: ValueOf<Option>;
} & {
  readonly [Option in Options[number] as Option extends AlwaysSet ? never : NameOf<Option["flags"]>]?: ValueOf<Option>;
};

/** Exit codes of the command line; `docs/exit-codes.md` is generated from this table. */
export const ExitCode = {
  ok: 0,
  /** The command ran, and found or refused something. */
  finding: 1,
  /** The command could not run: bad usage, a missing server or a missing right. */
  couldNotRun: 2,
  /** Ended by Ctrl-C, as shells name it (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface Result {
  /** What `--json` prints. @default - `text` */
  readonly json?: unknown;
  /** The result for people; an empty text prints nothing. */
  readonly text: string;
  /** Whether the exit code is 0, and not that of a finding. @default true */
  readonly ok?: boolean;
  /** Options with which the same command makes the change that it only showed: exit code of a finding. */
  readonly unconfirmed?: string | undefined;
  /** What is left to do, and the command for it: the last lines, on standard error. @default - of `unconfirmed` */
  readonly next?: string | undefined;
}

export interface Run {
  readonly io: Io;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** The command line as it was typed, with more options, to be pasted. */
  readonly again: (...more: readonly string[]) => string;
}

export interface Command {
  /** Words as typed, such as `local up`. */
  readonly name: string;
  readonly summary: string;
  /** Positional arguments in commander's notation, such as `<name>` or `[paths...]`. */
  readonly arguments?: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OptionSpec[];
  /** Whole command lines, shown by `--help`. */
  readonly examples: readonly string[];
  run(flags: object, run: Run): Promise<Result>;
}

/** Options that many commands share have the same place in every help text: the stack first, these last. */
const places: readonly string[] = ["--yes", "--json", "--home", "--port-base"];

/**
 * Defines a command; its options are put in the order of the help text. Every `--help` loads the data of all commands, so a
 * command imports everything heavy inside `run`.
 */
export function command<const Options extends readonly OptionSpec[]>(
  spec: Omit<Command, "options" | "run"> & {
    readonly options: Options;
    run(flags: FlagsOf<Options>, run: Run): Promise<Result>;
  },
): Command {
  const place = ({ flags }: OptionSpec): number => {
    const [name = ""] = flags.split(" ");
    return name === "--stack" ? -2 : places.indexOf(name);
  };
  return { ...spec, options: spec.options.toSorted((a, b) => place(a) - place(b)) };
}
