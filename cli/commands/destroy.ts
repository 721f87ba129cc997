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
  summary: "remove one stack, except everything that contains values; without --yes it only shows what it would remove",
  options: [
    cloudStackOption,
    { flags: "--yes", summary: "make the changes; without it, they are only shown" },
    jsonOption,
  ],
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

/** What is removed by stage, then everything that is kept and why. */
export function formatDestruction({ changes, stays, untouched }: Destruction, preview: boolean): string {
  const goes = Map.groupBy(changes, ({ stage }) => stage);
  const of = (because: "protected" | "retained") => stays.filter((one) => one.because === because);
  const named = (list: Destruction["stays"]) => list.map(({ type, name }) => `  ${type.split(/[:/]/).at(-1)} ${name}`);
  return [
    changes.length === 0 ? "nothing to remove" : `${changes.length} ${preview ? "would be removed" : "removed"}:`,
    ...[...goes].flatMap(([stage, list]) => list.map(({ name }) => `  ${stage}: ${name}`)),
    ...section("kept, protected, still part of the stack:", named(of("protected"))),
    ...section("kept in place, no longer part of the stack:", named(of("retained"))),
    ...section(
      "kept, because it is not part of a stack of this environment:",
      untouched.map((line) => `  ${line}`),
    ),
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", heading, ...lines];
}
