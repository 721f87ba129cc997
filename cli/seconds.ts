import { UserError } from "../domain/user-error.ts";

/** One day: a longer wait is a typing error. */
const longest = 86_400;

/**
 * Parses the value of a flag in seconds.
 *
 * @param flag - as it is typed, such as `--timeout`.
 * @returns 1 to 86400.
 * @throws UserError `seconds-invalid` for anything else, such as `5m`.
 */
export function secondsOf(flag: string, text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= longest) return seconds;
  throw UserError.of(
    "seconds-invalid",
    `${flag} ${JSON.stringify(text)} is not a number of seconds`,
    `use a whole number from 1 to ${longest}, such as ${flag} 300`,
  );
}
