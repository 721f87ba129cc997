import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { Phases } from "../phases.ts";
import { cloudStackOption, jsonOption } from "./options.ts";
import type { Destruction } from "../deploy/destroy.ts";

interface Flags {
  readonly stack: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const destroy: Command<Flags> = {
  name: "destroy",
  summary: "take one environment away, but nothing that holds values: shows what goes and what stays, until --yes",
  options: [cloudStackOption, { flags: "--yes", summary: "do it; without it nothing is changed" }, jsonOption],
  examples: ["ameide-secrets destroy --stack dev", "ameide-secrets destroy --stack dev --yes"],
  async run({ stack, yes, json }, io, _args, signal) {
    const { destroyCloud } = await import("../deploy/destroy.ts");
    const preview = yes !== true;
    const destruction = await destroyCloud({ stack, preview, phases: new Phases(io, signal), signal });
    io.out(json === true ? JSON.stringify(destruction, undefined, 2) : formatDestruction(destruction, preview));
    if (!preview || destruction.changes.length === 0) return ExitCode.ok;
    io.err(`nothing was changed\n  fix: ameide-secrets destroy --stack ${stack} --yes`);
    return ExitCode.finding;
  },
};

/** What goes by stage, then everything that stays and why. */
export function formatDestruction({ changes, stays, untouched }: Destruction, preview: boolean): string {
  const goes = Map.groupBy(changes, ({ stage }) => stage);
  const of = (because: "protected" | "retained") => stays.filter((one) => one.because === because);
  const named = (list: Destruction["stays"]) => list.map(({ type, name }) => `  ${type.split(/[:/]/).at(-1)} ${name}`);
  return [
    changes.length === 0 ? "nothing goes" : `${changes.length} ${preview ? "would go" : "gone"}:`,
    ...[...goes].flatMap(([stage, list]) => list.map(({ name }) => `  ${stage}: ${name}`)),
    ...section("stays, protected, and in the stack as before:", named(of("protected"))),
    ...section("stays in place, and leaves the stack:", named(of("retained"))),
    ...section(
      "stays, since no stack of this environment holds it:",
      untouched.map((line) => `  ${line}`),
    ),
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", heading, ...lines];
}
