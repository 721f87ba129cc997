import { existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join, relative } from "node:path";
import { shellWord } from "../domain/safe-text.ts";
import { repositoryRoot } from "../environments/repository.ts";

/** The name of the program in every text of the code. */
export const canonicalProgram = "ameide-secrets";

export function version(): string {
  const { version: own } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
    version: string;
  };
  return own;
}

/**
 * Makes the commands in a text pasteable: texts in the code say `ameide-secrets doctor`, the reader may have to type
 * `./ameide-secrets doctor`. The first words of `commands` distinguish a command from prose.
 */
export function pasteable(text: string, program: string, commands: readonly { readonly name: string }[]): string {
  if (program === canonicalProgram) return text;
  const firstWords = [...new Set(commands.map(({ name }) => name.split(" ")[0]))].join("|");
  const commandLine = String.raw`(?<![\w./@-])${canonicalProgram}(?= (?:(?:${firstWords}|COMMAND|--help|--version)(?![\w-])|\[))`;
  return text.replaceAll(new RegExp(commandLine, "g"), () => program);
}

/** The command line as it was typed, with more options: what a person saw is what they confirm. */
export function typedAgain(argv: readonly string[], ...more: readonly string[]): string {
  return [canonicalProgram, ...argv.map(shellWord), ...more].join(" ");
}

/**
 * How a person starts this program: by its bare name if PATH leads to this installation, otherwise by the path of the file
 * at the root of the repository (relative inside the repository, absolute elsewhere).
 *
 * @param where - of the shell. @default - of this process; npm changes the folder, and names the shell's in INIT_CWD
 */
export function programHere(
  where: { readonly folder: string; readonly path: string } = {
    folder: (process.env["npm_lifecycle_event"] === undefined ? undefined : process.env["INIT_CWD"]) ?? process.cwd(),
    path: process.env["PATH"] ?? "",
  },
): string {
  const launcher = realpathSync(join(repositoryRoot, canonicalProgram));
  const onPath = where.path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, canonicalProgram))
    .find((file) => existsSync(file));
  if (onPath !== undefined && realpathSync(onPath) === launcher) return canonicalProgram;
  const above = relative(realpathSync(where.folder), join(launcher, ".."));
  if (above === "") return `./${canonicalProgram}`;
  const isWithin = above.split(/[\\/]/).every((step) => step === "..");
  return shellWord(isWithin ? `${above}/${canonicalProgram}` : launcher);
}
