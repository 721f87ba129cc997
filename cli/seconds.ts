import { UserError } from "../domain/user-error.ts";

/** A day: a wait that is longer was mistyped. */
const longest = 86_400;

/**
 * Reads a time that a flag gives in seconds.
 *
 * @param flag - as it is typed, such as `--timeout`.
 * @returns 1 to 86400.
 * @throws UserError for anything else, such as `5m`: it would be a wait without an end.
 */
export function secondsOf(flag: string, text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= longest) return seconds;
  throw UserError.of(
    "seconds-invalid",
    `${flag} ${JSON.stringify(text)} is no number of seconds`,
    `use a whole number from 1 to ${longest}, such as ${flag} 300`,
  );
}
