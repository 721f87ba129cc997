/** Exit codes of the command line; `docs/exit-codes.md` is generated from this table. */
export const ExitCode = {
  ok: 0,
  /** The command ran, and found or refused something. */
  finding: 1,
  /** The command could not run: bad usage, a missing server or a missing right. */
  couldNotRun: 2,
  /** Ended by Ctrl-C, as shells name it (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
