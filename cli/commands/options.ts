import type { ObserveOptions } from "../../diagnose/observe/observe.ts";
import { UserError } from "../../domain/user-error.ts";
import { localHomeOptions } from "../access/local-home-options.ts";
import type { OptionSpec } from "../command.ts";
import type { ConnectedStack, ConnectOptions } from "../operate/connected-stack.ts";

export const cloudStackOption = {
  flags: "--stack <name>",
  summary: "shared, dev, staging or prod (for the local environment: local up, local down)",
  required: true,
} as const satisfies OptionSpec;

/** Required before anything that others share is changed. */
export const yesOption = {
  flags: "--yes",
  summary: "make the changes; without it, a shared stack is only read",
} as const satisfies OptionSpec;

/** Required before anything is changed, in `local` too. */
export const confirmOption = {
  flags: "--yes",
  summary: "make the changes; without it, they are only shown",
} as const satisfies OptionSpec;

/** Without it, Pulumi assumes that what was deleted by hand still exists. */
export const refreshOption = {
  flags: "--refresh",
  summary: "read the live state first, and fix what was changed or deleted by hand",
} as const satisfies OptionSpec;

export const jsonOption = { flags: "--json", summary: "print the result as JSON" } as const satisfies OptionSpec;

export const dotenvOption = {
  flags: "--dotenv <path>",
  summary: "read this file instead of .env and .env.local; can be repeated",
  repeatable: true,
} as const satisfies OptionSpec;

/** One day: a longer wait is a typing error. */
const longestTimeout = 86_400;

/** `--timeout` in seconds. @throws UserError `seconds-invalid` for anything but 1 to 86400, such as `5m` */
export const timeoutOption = {
  flags: "--timeout <seconds>",
  parse(text: string): number {
    const seconds = /^\d+$/.test(text) ? Number(text) : 0;
    if (seconds >= 1 && seconds <= longestTimeout) return seconds;
    throw UserError.of(
      "seconds-invalid",
      `--timeout ${JSON.stringify(text)} is not a number of seconds`,
      `use a whole number from 1 to ${longestTimeout}, such as --timeout 300`,
    );
  },
} as const;

export const stackOptions = [
  {
    flags: "--stack <name>",
    summary: "environment",
    required: true,
    choices: ["dev", "staging", "prod", "local"],
  },
  jsonOption,
  ...localHomeOptions,
] as const satisfies readonly OptionSpec[];

export async function withConnectedStack<T>(
  flags: ConnectOptions,
  use: (connected: ConnectedStack) => Promise<T>,
): Promise<T> {
  const { withConnectedStack: open } = await import("../operate/connected-stack.ts");
  return open(flags, use);
}

export async function observed(flags: ConnectOptions, options: ObserveOptions = {}) {
  const { observe } = await import("../../diagnose/observe/observe.ts");
  return withConnectedStack({ ...flags, readsValues: options.compareValues === true }, async ({ stack, access }) => ({
    stack,
    snapshot: await observe(stack, access, options),
  }));
}
