import { command } from "../command.ts";
import { table } from "../table.ts";
import { dotenvOption, jsonOption } from "./options.ts";

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
