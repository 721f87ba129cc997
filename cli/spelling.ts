import { existsSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join, relative } from "node:path";
import { shellWord } from "../domain/shell-word.ts";
import { repositoryRoot } from "../environments/repository.ts";
import { commands } from "./commands/index.ts";

/** What every text of the code calls the program. */
export const canonicalProgram = "ameide-secrets";

const firstWords = [...new Set(commands.map(({ name }) => name.split(" ")[0]))];

/** The program's name where a command line follows it; not in prose, in a path, or as part of another name. */
const commandLine = new RegExp(
  String.raw`(?<![\w./@-])${canonicalProgram}(?= (?:(?:${firstWords.join("|")}|COMMAND|--help|--version)(?![\w-])|\[))`,
  "g",
);

/**
 * A text with each command of this program as it can be pasted: texts in the code say `ameide-secrets doctor`, whoever
 * prints them knows where the reader is.
 *
 * @param program - such as `./ameide-secrets`.
 */
export function pasteable(text: string, program: string): string {
  return program === canonicalProgram ? text : text.replaceAll(commandLine, () => program);
}

/**
 * How a person types the program: by its bare name if that starts this installation, else by the path of the file at the
 * repository's root: relative within the repository, absolute elsewhere.
 *
 * @param where - the folder of the shell, and its PATH. @default - of this process; npm starts scripts elsewhere and names the
 *   shell's own folder in INIT_CWD
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
