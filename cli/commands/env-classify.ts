import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { dotenvOption, jsonOption } from "./options.ts";

interface Flags {
  readonly dotenv?: readonly string[];
  readonly json?: boolean;
}

export const envClassify: Command<Flags> = {
  name: "env classify",
  summary: "print the class of every variable, and catalogue entries for those that are unknown",
  options: [dotenvOption, jsonOption],
  examples: ["ameide-secrets env classify", "ameide-secrets env classify --dotenv legacy.env"],
  async run({ dotenv, json }, io) {
    const [{ classifyEnv }, { readEnvFiles }, { readCatalogue }, { repositoryRoot }] = await Promise.all([
      import("../../domain/dotenv/names.ts"),
      import("../../environments/env-files.ts"),
      import("../../environments/catalogue.ts"),
      import("../../environments/index.ts"),
    ]);
    const result = classifyEnv(readEnvFiles(repositoryRoot, dotenv), readCatalogue());
    if (json === true) {
      io.out(JSON.stringify(result, undefined, 2));
    } else {
      const rows = result.variables.map(({ variable, where, classification }) => [
        variable,
        classification.authority ?? classification.kind,
        where,
      ]);
      io.out(table(["VARIABLE", "CLASS", "WHERE"], rows));
      for (const where of result.spilled) io.out(`${where}: looks like part of an unquoted value`);
      if (result.paste !== "") io.out(`\n${result.paste}`);
    }
    return result.paste === "" && result.spilled.length === 0 ? ExitCode.ok : ExitCode.finding;
  },
};
