import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { GitAnswer } from "../domain/dotenv/files.ts";

/**
 * Whether git tracks a file, or what a link points to; no git or no repository means no. Anything else that git fails
 * on, above all the ownership of a checkout in a container, proves nothing and is told as such.
 *
 * @param path - absolute; the file exists.
 */
export function gitTracks(path: string): GitAnswer {
  const answers = [...new Set([path, realpathSync(path)])].map(askGit);
  return answers.find((answer) => answer === true) ?? answers.find((answer) => answer !== false) ?? false;
}

function askGit(file: string): GitAnswer {
  // asked from the file's own folder: it may lie in another repository than this one
  const folder = dirname(file);
  const options: ExecFileSyncOptions = {
    cwd: folder,
    env: withoutGit(process.env),
    stdio: ["ignore", "ignore", "pipe"],
  };
  try {
    execFileSync("git", ["ls-files", "--error-unmatch", "--", basename(file)], options);
    return true;
  } catch (error) {
    const { code, status, stderr } = error as { code?: string; status?: number | null; stderr?: Buffer };
    const said = stderr?.toString("utf8").trim() ?? "";
    if (code === "ENOENT" || status === 1) return false;
    if (status === 128 && said.includes("not a git repository")) return false;
    const [repository] = /(?<=detected dubious ownership in repository at ').*(?=')/.exec(said) ?? [];
    return {
      problem: said.split("\n")[0] ?? code ?? "git failed",
      fix:
        repository === undefined
          ? `see why this fails: git -C ${folder} ls-files`
          : `git config --global --add safe.directory ${repository}`,
    };
  }
}

/** Within a git hook these name the hook's repository, whatever the folder is; and git's words must be the ones above. */
function withoutGit({
  GIT_DIR: _dir,
  GIT_WORK_TREE: _tree,
  GIT_INDEX_FILE: _index,
  ...env
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, LC_ALL: "C", LANGUAGE: "C" };
}
