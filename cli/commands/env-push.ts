import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { dotenvOption, jsonOption, yesOption } from "./options.ts";

interface Flags extends LocalHomeFlags {
  readonly stack: "shared" | "local";
  readonly dotenv?: readonly string[];
  readonly overwrite?: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const envPush: Command<Flags> = {
  name: "env push",
  summary: "write new and changed values of .env to Key Vault, never over a value that somebody else changed there",
  options: [
    { flags: "--stack <name>", summary: "stack of the Key Vault", choices: ["shared", "local"], default: "shared" },
    dotenvOption,
    {
      flags: "--overwrite <name>",
      summary: "write this value even if it was changed in Key Vault; can be repeated",
      repeatable: true,
    },
    yesOption,
    jsonOption,
    ...localHomeOptions,
  ],
  examples: [
    "ameide-secrets env push",
    "ameide-secrets env push --yes",
    "ameide-secrets env push --yes --overwrite ghcr-token",
  ],
  async run(flags, io) {
    const [{ pushFor }, { table }] = await Promise.all([import("../operate/push.ts"), import("../table.ts")]);
    const { isShared, rows } = await pushFor(flags);
    const conflicts = rows.filter(({ verdict }) => verdict === "conflict");
    const pending = rows.filter(({ verdict }) => verdict === "new" || verdict === "changed" || verdict === "recovered");
    if (flags.json === true) io.out(JSON.stringify(rows, undefined, 2));
    else
      io.out(
        table(
          ["SECRET", "VERDICT", "VERSION", "EXPIRES"],
          rows.map(({ name, verdict, version, expiresAt }) => [
            name,
            verdict === "kept" ? "kept: no value here" : verdict,
            version?.slice(0, 8) ?? "-",
            expiresAt?.slice(0, 10) ?? "-",
          ]),
        ),
      );
    if (conflicts.length > 0) {
      const names = conflicts.map(({ name }) => name).join(", ");
      // one name at a time: each is a decision
      const overwrite = [...(flags.overwrite ?? []), ...conflicts.slice(0, 1).map(({ name }) => name)];
      const asMine = confirmedPush({ ...flags, overwrite });
      io.err(
        `nothing was written: ${names} changed in Key Vault since the last push from this workstation\n  fix: copy the value from Key Vault into .env, or overwrite it: ${asMine}`,
      );
      return ExitCode.finding;
    }
    if (pending.length === 0 || !isShared || flags.yes === true) return ExitCode.ok;
    io.err(`nothing was written yet, ${pending.length} to write\n  fix: ${confirmedPush(flags)}`);
    return ExitCode.finding;
  },
};

/**
 * The command that writes what `env push` has shown, with the same options.
 */
export function confirmedPush(options: {
  readonly stack: "shared" | "local";
  readonly dotenv?: readonly string[];
  readonly overwrite?: readonly string[];
}): string {
  const { stack, dotenv = [], overwrite = [] } = options;
  return [
    `ameide-secrets env push --stack ${stack}`,
    ...dotenv.map((file) => `--dotenv ${file}`),
    ...overwrite.map((name) => `--overwrite ${name}`),
    ...(stack === "local" ? [] : ["--yes"]),
  ].join(" ");
}
