import { Command as Commander, CommanderError, Option } from "commander";
import { inOrder, type Command } from "./command.ts";
import { commands } from "./commands/index.ts";
import { ExitCode } from "./exit-code.ts";
import { withoutValuesInMemory } from "../domain/redaction.ts";
import type { Io } from "./io.ts";
import { withoutRunnerCommands } from "../domain/safe-text.ts";
import { canonicalProgram, pasteable } from "./spelling.ts";
import { version } from "./version.ts";

/** First words of commands that have two, and their description. */
const groups: Readonly<Record<string, string>> = {
  local: "the local environment: the whole pipeline on this machine",
  env: "check, classify and push the .env file",
  bootstrap: "run vault-bootstrap now, or show its log",
};

const exitCodes = "Exit codes: 0 ok; 1 the command found or refused something; 2 it could not run (docs/exit-codes.md)";

/** SIGHUP: the terminal was closed. */
const stopping = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs one command line.
 *
 * @param argv - the words after the program's name.
 * @param program - the program's name as the reader types it, such as `./ameide-secrets`. JSON output keeps
 *   `ameide-secrets`.
 * @returns the exit code: {@link ExitCode}.
 */
export async function main(argv: readonly string[], given: Io, program: string = canonicalProgram): Promise<number> {
  const forPeople = (text: string): string => withoutRunnerCommands(pasteable(text, program, commands));
  const io: Io = {
    ...given,
    out: isForPrograms(argv) ? (text) => given.out(text) : (text) => given.out(forPeople(text)),
    err: (text) => given.err(forPeople(withoutValuesInMemory(text))),
  };
  const abort = new AbortController();
  // a second signal ends at once; temporary files are removed in both cases
  const interrupt = () => (abort.signal.aborted ? process.exit(ExitCode.interrupted) : abort.abort());
  for (const signal of stopping) process.on(signal, interrupt);

  let code: number = ExitCode.ok;
  const line = build(io, abort.signal, (result) => void (code = result));
  try {
    await line.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, io, argv.includes("--json"));
    return report(error, io, argv, abort.signal);
  } finally {
    for (const signal of stopping) process.off(signal, interrupt);
  }
}

/** Whether standard output is a document that another program reads. */
function isForPrograms(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === "--json" || /^--format=(?!text$)/.test(word) || (argv[index - 1] === "--format" && word !== "text"),
  );
}

function build(io: Io, signal: AbortSignal, done: (code: ExitCode) => void): Commander {
  const program = new Commander("ameide-secrets")
    .description(
      "delivers external secrets from .env to Kubernetes through one pipeline, and keeps every other secret out of it",
    )
    .version(version(), "--version", "print the version")
    .exitOverride()
    .showHelpAfterError("  fix: see ameide-secrets --help")
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd().replace(/^error: /, "ameide-secrets: ")),
    });
  program.addHelpText(
    "after",
    `\nBegin with:\n  npm start\n  ameide-secrets doctor --stack local\n\nEach command has its own --help. ${exitCodes}`,
  );
  for (const command of commands) add(program, command, io, signal, done);
  return program;
}

function add(
  program: Commander,
  spec: Command<never>,
  io: Io,
  signal: AbortSignal,
  done: (code: ExitCode) => void,
): void {
  const words = spec.name.split(" ");
  const last = words.pop() ?? spec.name;
  let parent = program;
  for (const word of words) {
    parent =
      parent.commands.find((existing) => existing.name() === word) ??
      parent.command(word).description(groups[word] ?? word);
  }
  const command = parent
    .command(last)
    .description(spec.summary)
    .showHelpAfterError(`  fix: see ameide-secrets ${spec.name} --help`);
  for (const { name, summary } of spec.arguments ?? []) command.argument(name, summary);
  for (const option of inOrder(spec.options ?? [])) command.addOption(toOption(option));
  command.addHelpText(
    "after",
    `\nExamples:\n${spec.examples.map((example) => `  ${example}`).join("\n")}\n\n${exitCodes}`,
  );
  command.action(async (...received: unknown[]) => {
    const positional = received
      .slice(0, -2)
      .flat()
      .filter((value) => typeof value === "string");
    done(await spec.run(command.opts<never>(), io, positional, signal));
  });
}

function toOption(spec: NonNullable<Command["options"]>[number]): Option {
  const option = new Option(spec.flags, spec.required === true ? `${spec.summary}; required` : spec.summary);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.required === true) option.makeOptionMandatory();
  if (spec.repeatable === true) {
    option.argParser<string[]>((value, previous) => [...(Array.isArray(previous) ? previous : []), value]);
  }
  return option;
}

/** Handles a usage error, which commander has printed already. */
function usage({ exitCode, message }: CommanderError, io: Io, json: boolean): number {
  if (exitCode === 0) return ExitCode.ok;
  if (json) printError(io, { code: "usage", message: message.replace(/^error: /, ""), findings: [] });
  return ExitCode.couldNotRun;
}

/** Prints a {@link UserError} without a stack trace; any other error is a defect of ours and keeps its stack trace. */
async function report(error: unknown, io: Io, argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { UserError } = await import("../domain/user-error.ts");
  const json = argv.includes("--json");
  const named = (text: string): string => namingStack(text, argv);
  if (signal.aborted) {
    io.err("ameide-secrets: interrupted");
    return ExitCode.interrupted;
  }
  if (error instanceof UserError) {
    const message = named(error.message);
    if (json) printError(io, { code: error.code, message, findings: error.findings });
    io.err(`ameide-secrets: ${message}`);
    return error.findings.length > 0 ? ExitCode.finding : ExitCode.couldNotRun;
  }
  const told = error instanceof Error ? error : new Error(String(error));
  const { code, words } = describeError(told);
  if (json) printError(io, { code, message: told.message, findings: [] });
  io.err(`ameide-secrets: ${named(words)}`);
  return ExitCode.couldNotRun;
}

/** The one line that `--json` prints instead of a result. */
function printError(io: Io, error: { readonly code: string; readonly message: string; readonly findings: unknown }) {
  io.out(withoutValuesInMemory(JSON.stringify({ error })));
}

/**
 * Replaces `<stack>` by the stack of the command line, so that a printed fix can be pasted. With several stacks on the
 * command line, `<stack>` stays.
 */
export function namingStack(text: string, argv: readonly string[]): string {
  const given = argv.flatMap((word, index) => {
    if (word === "--stack") return argv[index + 1] ?? [];
    return word.startsWith("--stack=") ? word.slice("--stack=".length) : [];
  });
  const [stack] = argv[0] === "local" ? ["local"] : given;
  return given.length <= 1 && stack !== undefined ? text.replaceAll("<stack>", () => stack) : text;
}

/** Code and text of an unexpected error. KubernetesError is recognised by name, so that `--help` does not load its module. */
export function describeError(error: Error & { readonly status?: number }): {
  readonly code: string;
  readonly words: string;
} {
  if (error.name !== "KubernetesError") return { code: "internal-error", words: error.stack ?? error.message };
  const { status, message } = error;
  switch (status) {
    case 401:
      return {
        code: "kubernetes-login-refused",
        words: `the API server does not accept your login: ${message}\n  fix: log in to the cluster again; this shows your login: kubectl auth whoami`,
      };
    case 403:
      return {
        code: "kubernetes-refused",
        words: `the API server refused: ${message}\n  fix: ask for the right; this shows your login: kubectl auth whoami`,
      };
    case 429:
      return {
        code: "kubernetes-throttled",
        words: `the API server has too many requests: ${message}\n  fix: wait, and run the same command again`,
      };
    default:
      return {
        code: "kubernetes-failed",
        words: `the API server answered ${status ?? "nothing"}: ${message}\n  fix: ameide-secrets doctor --stack <stack>`,
      };
  }
}
