import { localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { dotenvOption, jsonOption, yesOption } from "./options.ts";

export const envPush = command({
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
  async run(flags, { io, again }) {
    const { pushFor } = await import("../operate/push.ts");
    const mayWrite = flags.stack === "local" || flags.yes === true;
    const rows = await pushFor(flags, mayWrite);
    const conflicts = rows.filter(({ verdict }) => verdict === "conflict").map(({ name }) => name);
    const pending = rows.filter(({ verdict }) => verdict === "new" || verdict === "changed" || verdict === "recovered");
    const confirm = mayWrite ? [] : ["--yes"];
    const notWritten =
      conflicts.length > 0
        ? // one name at a time: each is a decision
          `nothing was written: ${conflicts.join(", ")} changed in Key Vault since the last push from this workstation\n  fix: copy the value from Key Vault into .env, or overwrite it: ${again("--overwrite", ...conflicts.slice(0, 1), ...confirm)}`
        : pending.length > 0 && !mayWrite
          ? `nothing was written yet, ${pending.length} to write\n  fix: ${again(...confirm)}`
          : undefined;
    const cells = rows.map(({ name, verdict, version, expiresAt }) => [
      name,
      verdict === "kept" ? "kept: no value here" : verdict,
      version?.slice(0, 8) ?? "-",
      expiresAt?.slice(0, 10) ?? "-",
    ]);
    return {
      json: rows,
      text: table(["SECRET", "VERDICT", "VERSION", "EXPIRES"], cells, io.columns),
      ok: notWritten === undefined,
      next: notWritten,
    };
  },
});
