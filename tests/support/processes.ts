import { readdirSync, readFileSync } from "node:fs";

export interface RunningProcess {
  readonly pid: number;
  /** Its arguments, each followed by a space. */
  readonly command: string;
  /** Of its start. */
  readonly environment: string;
}

/** Other processes of this person; the environment is read when it is asked for. */
export function processes(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const read = (file: string) => readOrNothing(`/proc/${name}/${file}`).replaceAll("\0", " ");
      const command = read("cmdline");
      if (command === "") return [];
      return {
        pid: Number(name),
        command,
        get environment() {
          return read("environ");
        },
      };
    });
}

/** Processes whose command line names the home. */
export function pidsOf(dir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(dir))
    .map(({ pid }) => pid);
}

/** Empty where the process has ended meanwhile, or is another user's. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
