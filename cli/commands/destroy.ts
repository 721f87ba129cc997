import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { Phases } from "../phases.ts";
import { cloudStackOption, jsonOption } from "./stack-options.ts";

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
    const [{ destroyCloud }, { formatDestruction }] = await Promise.all([
      import("../deploy/destroy.ts"),
      import("../deploy/destroy-words.ts"),
    ]);
    const preview = yes !== true;
    const destruction = await destroyCloud({ stack, preview, phases: new Phases(io, signal), signal });
    io.out(json === true ? JSON.stringify(destruction, undefined, 2) : formatDestruction(destruction, preview));
    if (!preview || destruction.changes.length === 0) return ExitCode.ok;
    io.err(`nothing was changed\n  fix: ameide-secrets destroy --stack ${stack} --yes`);
    return ExitCode.finding;
  },
};
