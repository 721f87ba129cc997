import { Command as Commander, CommanderError, Option } from "commander";
import { withoutRunnerCommands } from "../domain/safe-text.ts";
import type { Finding } from "../domain/finding.ts";
import { withoutValuesInMemory } from "../domain/redaction.ts";
import { UserError } from "../domain/user-error.ts";
import { ExitCode, type Command, type OptionSpec, type Run } from "./command.ts";
import { commandGroups, commands } from "./commands/index.ts";
import type { Io } from "./io.ts";
import { canonicalProgram, pasteable, typedAgain, version } from "./spelling.ts";
import { fitted } from "./table.ts";

/** First words of commands that have two, and their description. */
const groups: Readonly<Record<string, string>> = {
  local: "up, status, down: the whole pipeline on this machine",
  env: "check, push, classify: the .env file",
  bootstrap: "run, logs: vault-bootstrap",
};

const exitCodes = "Exit codes: 0 ok; 1 found or refused something; 2 could not run (docs/exit-codes.md)";

/** SIGHUP: the terminal was closed. */
const stopping = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs the words after the program's name.
 *
 * @param program - its name as the reader types it, such as `./ameide-secrets`. JSON output keeps `ameide-secrets`.
 * @returns the exit code: {@link ExitCode}.
 */
export async function main(argv: readonly string[], given: Io, program: string = canonicalProgram): Promise<number> {
  const forPeople = (text: string, columns?: number): string =>
    fitted(withoutRunnerCommands(pasteable(text, program, commands)), columns);
  const io: Io = {
    ...given,
    out: isForPrograms(argv) ? (text) => given.out(text) : (text) => given.out(forPeople(text, given.columns)),
    err: (text) => given.err(forPeople(withoutValuesInMemory(text), given.errColumns)),
  };
  const abort = new AbortController();
  // a second signal ends at once; temporary files are removed in both cases
  const interrupt = () => (abort.signal.aborted ? process.exit(ExitCode.interrupted) : abort.abort());
  for (const signal of stopping) process.on(signal, interrupt);

  const again = (...more: readonly string[]) => typedAgain(argv, ...more);
  let code: number = ExitCode.ok;
  const line = build(io, async (command, flags, args) => {
    const run = { io, args, signal: abort.signal, again };
    const {
      json,
      text,
      ok = true,
      unconfirmed,
      next = unconfirmed && `nothing was changed\n  fix: ${again(unconfirmed)}`,
    } = await command.run(flags, run);
    if (argv.includes("--json") && json !== undefined) io.out(JSON.stringify(json, undefined, 2));
    else if (text !== "") io.out(text);
    if (next !== undefined) io.err(next);
    code = ok && unconfirmed === undefined ? ExitCode.ok : ExitCode.finding;
  });
  try {
    await line.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return report(error, io, argv, abort.signal);
  } finally {
    for (const signal of stopping) process.off(signal, interrupt);
  }
}

/** Whether standard output is a document that another program reads. */
function isForPrograms(argv: readonly string[]): boolean {
  const format = optionValues(argv, "--format").at(-1) ?? "text";
  return argv.includes("--json") || format !== "text";
}

/** The values of an option, written as `--stack dev` or `--stack=dev`. */
function optionValues(argv: readonly string[], name: string): readonly string[] {
  return argv.flatMap((word, index) => {
    if (word === name) return argv[index + 1] ?? [];
    return word.startsWith(`${name}=`) ? word.slice(name.length + 1) : [];
  });
}

type Start = (command: Command, flags: object, args: Run["args"]) => Promise<void>;

function build(io: Io, start: Start): Commander {
  const program = new Commander(canonicalProgram)
    .description(
      "delivers external secrets from .env to Kubernetes through one pipeline, and keeps every other secret out of it",
    )
    .version(version(), "--version", "print the version")
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError("  fix: see ameide-secrets --help")
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd().replace(/^error: /, "ameide-secrets: ")),
    })
    .addHelpText(
      "after",
      `\nBegin with:\n  npm start\n  ameide-secrets doctor --stack local\n\nEach command has its own --help.\n${exitCodes}`,
    );
  for (const [heading, members] of Object.entries(commandGroups)) {
    program.commandsGroup(`${heading}:`);
    for (const command of members) add(program, command, start);
  }
  return program;
}

function add(program: Commander, spec: Command, start: Start): void {
  const [group = "", member] = spec.name.split(" ");
  const parent =
    member === undefined
      ? program
      : (program.commands.find((existing) => existing.name() === group) ??
        program.command(group).description(groups[group] ?? group));
  const command = parent
    .command(member ?? group)
    .description(spec.summary)
    .summary(spec.summary.replace(/[;:] .*/, ""))
    .showHelpAfterError(`  fix: see ameide-secrets ${spec.name} --help`)
    .addHelpText("after", `\nExamples:\n${spec.examples.map((example) => `  ${example}`).join("\n")}\n\n${exitCodes}`);
  for (const { name, summary } of spec.arguments ?? []) command.argument(name, summary);
  for (const option of spec.options) command.addOption(toOption(option));
  command.action(() => start(spec, command.opts(), command.args));
}

function toOption({ flags, summary, default: preset, choices, required, repeatable, parse }: OptionSpec): Option {
  const option = new Option(flags, required === true ? `${summary}; required` : summary);
  if (preset !== undefined) option.default(preset);
  if (choices !== undefined) option.choices(choices);
  if (required === true) option.makeOptionMandatory();
  if (parse !== undefined) option.argParser(parse);
  if (repeatable === true) option.argParser<string[] | undefined>((value, previous) => [...(previous ?? []), value]);
  return option;
}

/** A {@link UserError} has no stack trace; a defect of ours keeps it. Commander has printed its own errors already. */
function report(error: unknown, io: Io, argv: readonly string[], signal: AbortSignal): number {
  if (signal.aborted) {
    io.err("ameide-secrets: interrupted");
    return ExitCode.interrupted;
  }
  const isUsage = error instanceof CommanderError;
  if (isUsage && error.exitCode === 0) return ExitCode.ok; // help
  const { code, message, text, findings = [] } = describeError(error);
  const named = { code, message: namingStack(message, argv), findings };
  if (argv.includes("--json")) io.out(withoutValuesInMemory(JSON.stringify({ error: named })));
  if (!isUsage) io.err(`ameide-secrets: ${namingStack(text, argv)}`);
  return findings.length > 0 ? ExitCode.finding : ExitCode.couldNotRun;
}

/** Puts the stack of the command line into a printed fix, which can then be pasted; with several, `<stack>` stays. */
export function namingStack(text: string, argv: readonly string[]): string {
  const given = optionValues(argv, "--stack");
  const [stack] = argv[0] === "local" ? ["local"] : given;
  return given.length <= 1 && stack !== undefined ? text.replaceAll("<stack>", () => stack) : text;
}

/** Code, problem and fix by the status that the API server answered. */
const kubernetesErrors: Readonly<Record<number, readonly [code: string, problem: string, fix: string]>> = {
  401: [
    "login-refused",
    "does not accept your login",
    "log in to the cluster again; this shows your login: kubectl auth whoami",
  ],
  403: ["refused", "refused", "ask for the right; this shows your login: kubectl auth whoami"],
  429: ["throttled", "has too many requests", "wait, and run the same command again"],
};

/** @returns with its `text` for people. KubernetesError is recognised by name: `--help` does not load it. */
export function describeError(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly text: string;
  readonly findings?: readonly Finding[];
} {
  if (error instanceof UserError) {
    const { code, message, findings } = error;
    return { code, message, text: message, findings };
  }
  if (error instanceof CommanderError) {
    const usage = error.message.replace(/^error: /, "");
    return { code: "usage", message: usage, text: usage };
  }
  const { name, message, stack = message, status = 0 } = (error instanceof Error ? error : new Error(String(error))) as Error & { readonly status?: number }; // prettier-ignore
  if (name !== "KubernetesError") return { code: "internal-error", message, text: stack };
  const [code, problem, fix] = kubernetesErrors[status] ?? [
    "failed",
    `answered ${status}`,
    "ameide-secrets doctor --stack <stack>",
  ];
  return { code: `kubernetes-${code}`, message, text: `the API server ${problem}: ${message}\n  fix: ${fix}` };
}
