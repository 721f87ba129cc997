import type { OptionSpec } from "../command.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";

/** For a command on one cloud stack. */
export const cloudStackOption: OptionSpec = {
  flags: "--stack <name>",
  summary: "shared, dev, staging or prod (for the local environment: local up, local down)",
  required: true,
};

/** Required before anything that others share is changed. */
export const yesOption: OptionSpec = {
  flags: "--yes",
  summary: "make the changes; without it, a shared stack is only looked at",
};

/** Without it, Pulumi assumes that what was deleted by hand still exists. */
export const refreshOption: OptionSpec = {
  flags: "--refresh",
  summary: "read the live state first, and fix what was changed or deleted by hand",
};

export const jsonOption: OptionSpec = { flags: "--json", summary: "print the result as JSON" };

export const dotenvOption: OptionSpec = {
  flags: "--dotenv <path>",
  summary: "read this file instead of .env and .env.local; can be repeated",
  repeatable: true,
};

/** Options of a command that looks at one environment. */
export interface PlaceFlags extends LocalHomeFlags {
  readonly stack: string;
  readonly json?: boolean;
}

export const placeOptions: readonly OptionSpec[] = [
  {
    flags: "--stack <name>",
    summary: "environment",
    required: true,
    choices: ["dev", "staging", "prod", "local"],
  },
  jsonOption,
  ...localHomeOptions,
];
