import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { dotenvOption, jsonOption } from "./options.ts";
import { Phases } from "../phases.ts";

interface Flags {
  readonly stack?: string;
  readonly all?: boolean;
  readonly offline?: boolean;
  readonly state?: string;
  readonly dotenv?: readonly string[];
  readonly json?: boolean;
}

export const preview: Command<Flags> = {
  name: "preview",
  summary: "show what up would create, change and delete, by stage, and the findings of the rules",
  options: [
    { flags: "--stack <name>", summary: "shared, dev, staging, prod or local" },
    { flags: "--all", summary: "every stack, and checks across stacks" },
    { flags: "--offline", summary: "call no server; needs no credentials and no .env" },
    { flags: "--state <file>", summary: "with --offline: compare with an exported state instead of an empty stack" },
    dotenvOption,
    jsonOption,
  ],
  examples: [
    "ameide-secrets preview --stack prod --offline",
    "ameide-secrets preview --all --offline --json",
    "ameide-secrets preview --stack dev",
  ],
  async run(flags, io, _args, signal) {
    const { UserError } = await import("../../domain/user-error.ts");
    if ((flags.stack === undefined) === (flags.all !== true)) {
      throw UserError.of(
        "usage",
        "preview needs either --stack <name> or --all",
        "ameide-secrets preview --stack dev --offline",
      );
    }
    if (flags.offline !== true) {
      if (flags.stack === undefined) {
        throw UserError.of("usage", "--all works only with --offline", "ameide-secrets preview --all --offline");
      }
      const { runCloud } = await import("../deploy/cloud.ts");
      const { formatChanges } = await import("./format-changes.ts");
      const result = await runCloud({
        stack: flags.stack,
        ...(flags.dotenv === undefined ? {} : { envFiles: flags.dotenv }),
        until: "preview",
        phases: new Phases(io, signal),
        signal,
        tell: (text) => io.err(text),
      });
      io.out(flags.json === true ? JSON.stringify(result.preview) : formatChanges(result.preview.changes));
      return ExitCode.ok;
    }
    const { previewAllOffline } = await import("../deploy/offline-preview.ts");
    const { formatPreview } = await import("./format-changes.ts");
    const stacks = flags.stack === undefined ? undefined : [flags.stack];
    const outcome = await previewAllOffline({
      ...(stacks === undefined ? {} : { stacks }),
      ...(flags.state === undefined ? {} : { state: flags.state }),
      envFiles: flags.dotenv ?? [],
      signal,
    });
    if (flags.json === true) io.out(JSON.stringify(outcome, undefined, 2));
    else io.out(outcome.previews.map(formatPreview).join("\n\n"));
    if (outcome.findings.length === 0) return ExitCode.ok;
    throw UserError.from(outcome.findings);
  },
};
