/** What the command line answers to a shell; `docs/exit-codes.md` is made from this table. */
export const ExitCode = {
  ok: 0,
  /** It ran, and found or refused something. */
  finding: 1,
  /** It could not run: bad usage, a server or right that is missing. */
  couldNotRun: 2,
  /** Ended by Ctrl-C, as shells name it (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
