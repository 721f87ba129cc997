import { readdirSync, readFileSync, readlinkSync } from "node:fs";

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

/** Processes with the home in their command line. */
export function pidsOf(dir: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(dir))
    .map(({ pid }) => pid);
}

/** As the kernel writes them: of every socket that a process listens on, IPv4 and IPv6 alike. */
export function listeningAddresses(pid: number): readonly string[] {
  const sockets = new Set(openFilesOf(pid).map((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1]));
  const listen = "0A";
  return ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === listen && sockets.has(columns[9]))
    .map((columns) => columns[1]?.split(":")[0] ?? "");
}

/** What its open files are; those that it closes meanwhile are left out, and all if it has ended. */
function openFilesOf(pid: number): readonly string[] {
  const orNothing = <T>(read: () => T): T | [] => {
    try {
      return read();
    } catch {
      return [];
    }
  };
  const numbers = orNothing(() => readdirSync(`/proc/${pid}/fd`));
  return numbers.flatMap((number) => orNothing(() => readlinkSync(`/proc/${pid}/fd/${number}`)));
}

/** Empty where the process has ended meanwhile, or is another user's. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
