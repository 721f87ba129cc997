import { readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  readonly pid: number;
  /** Its arguments, each followed by a space. */
  readonly command: string;
  /** Of its start. */
  readonly environment: string;
}

/** Other processes of this person. */
export function processes(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${name}/${file}`, "utf8").replaceAll("\0", " ");
        return [{ pid: Number(name), command: read("cmdline"), environment: read("environ") }];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** Processes whose command line names the home. */
export function pidsOf(dir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(dir))
    .map(({ pid }) => pid);
}
