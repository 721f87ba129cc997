import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { jsonOption } from "./options.ts";

interface Flags extends LocalHomeFlags {
  readonly stack: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const prune: Command<Flags> = {
  name: "prune",
  summary: "delete a secret that the catalogue marks as retired; without --yes it only shows where the secret exists",
  arguments: [{ name: "<name>", summary: "a name under retired in the catalogue, such as env-ghcr-token" }],
  options: [
    {
      flags: "--stack <name>",
      summary: "shared: Key Vault; an environment: its Vault; local: both",
      choices: ["shared", "dev", "staging", "prod", "local"],
      default: "shared",
    },
    { flags: "--yes", summary: "make the changes; without it, they are only shown" },
    jsonOption,
    ...localHomeOptions,
  ],
  examples: ["ameide-secrets prune env-ghcr-token", "ameide-secrets prune env-ghcr-token --stack dev --yes"],
  async run(flags, io, [name = ""]) {
    const { pruneFor } = await import("../operate/prune.ts");
    const yes = flags.yes === true;
    const rows = await pruneFor({ ...flags, name, yes });
    if (flags.json === true) io.out(JSON.stringify(rows, undefined, 2));
    else {
      const verdicts = { goes: yes ? "deleted" : "would be deleted", absent: "not found", kept: "kept" };
      io.out(
        table(
          ["WHERE", "NAME", "VERDICT"],
          rows.map(({ where, name: found, verdict, reason }) => [
            where,
            found,
            reason === undefined ? verdicts[verdict] : `${verdicts[verdict]}: ${reason}`,
          ]),
        ),
      );
    }
    if (yes || rows.every(({ verdict }) => verdict !== "goes")) return ExitCode.ok;
    io.err(`nothing was changed\n  fix: ameide-secrets prune ${name} --stack ${flags.stack} --yes`);
    return ExitCode.finding;
  },
};
