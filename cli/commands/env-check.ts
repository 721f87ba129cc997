import { command } from "../command.ts";
import { dotenvOption, jsonOption } from "./options.ts";

export const envCheck = command({
  name: "env check",
  summary: "check .env and report everything that is wrong with it; calls no server",
  options: [
    {
      flags: "--stack <name>",
      summary: "rules to check by: shared has the secrets of every environment",
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
