import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { dotenvOption, jsonOption } from "./options.ts";

interface Flags {
  readonly stack: "shared" | "local";
  readonly dotenv?: readonly string[];
  readonly json?: boolean;
}

export const envCheck: Command<Flags> = {
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
  async run({ stack, dotenv, json }, io) {
    const [{ compileDotenv }, { readEnvFiles }, { readCatalogue }, { errorsOf, formatFinding }, { repositoryRoot }] =
      await Promise.all([
        import("../../domain/dotenv/dotenv.ts"),
        import("../../environments/env-files.ts"),
        import("../../environments/catalogue.ts"),
        import("../../domain/finding.ts"),
        import("../../environments/index.ts"),
      ]);
    const { prefixOf } = await import("../operate/read-values.ts");
    const files = readEnvFiles(repositoryRoot, dotenv);
    const compiled = compileDotenv({
      files,
      catalogue: readCatalogue(),
      environment: stack,
      secretPrefix: prefixOf(stack),
    });
    const { values, kept, settings, findings } = compiled;
    if (json === true) {
      io.out(JSON.stringify({ values: [...values.keys()], kept, settings, findings }, undefined, 2));
    } else {
      for (const finding of findings) io.out(formatFinding(finding));
      io.out(
        `${values.size} values, ${kept.length} secrets without a value here are kept, ${settings.length} settings are ignored`,
      );
    }
    return errorsOf(findings).length > 0 ? ExitCode.finding : ExitCode.ok;
  },
};
