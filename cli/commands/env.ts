import { localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { dotenvOption, jsonOption, yesOption } from "./options.ts";

export const envCheck = command({
  name: "env check",
  summary: "check .env and report everything that is wrong with it; calls no server",
  options: [
    {
      flags: "--stack <name>",
      summary: "rules to check against: shared has the secrets of every environment",
      choices: ["shared", "local"],
      default: "shared",
    },
    dotenvOption,
    jsonOption,
  ],
  examples: ["ameide-secrets env check", "ameide-secrets env check --dotenv .env.example --stack local"],
  async run({ stack, dotenv }) {
    const [{ compileValues }, { errorsOf, formatFinding }] = await Promise.all([
      import("../operate/read-values.ts"),
      import("../../domain/finding.ts"),
    ]);
    const { values, kept, settings, findings } = compileValues(stack, dotenv);
    const counts = `${values.size} values, ${kept.length} secrets without a value here are kept, ${settings.length} settings are ignored`;
    return {
      json: { values: [...values.keys()], kept, settings, findings },
      text: [...findings.map(formatFinding), counts].join("\n"),
      ok: errorsOf(findings).length === 0,
    };
  },
});

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

export const envClassify = command({
  name: "env classify",
  summary: "print the class of every variable, and catalogue entries for those that are unknown",
  options: [dotenvOption, jsonOption],
  examples: ["ameide-secrets env classify", "ameide-secrets env classify --dotenv legacy.env"],
  async run({ dotenv }, { io }) {
    const [{ classifyEnv }, { readEnvFiles }, { readCatalogue }, { repositoryRoot }] = await Promise.all([
      import("../../domain/dotenv/names.ts"),
      import("../../environments/env-files.ts"),
      import("../../environments/catalogue.ts"),
      import("../../environments/index.ts"),
    ]);
    const result = classifyEnv(readEnvFiles(repositoryRoot, dotenv), readCatalogue());
    const { variables, spilled, paste } = result;
    const rows = variables.map(({ variable, where, classification: { authority, kind } }) => [variable, authority ?? kind, where]); // prettier-ignore
    const text = [
      table(["VARIABLE", "CLASS", "WHERE"], rows, io.columns),
      ...spilled.map((where) => `${where}: looks like part of an unquoted value`),
      ...(paste === "" ? [] : ["", paste]),
    ].join("\n");
    return { json: result, text, ok: paste === "" && spilled.length === 0 };
  },
});
