import type { OptionSpec } from "../command.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";

/** Of a command for one cloud stack; what is to be done about `local` instead, each says when it is given. */
export const cloudStackOption: OptionSpec = {
  flags: "--stack <name>",
  summary: "shared, dev, staging or prod; local has local up and local down",
  required: true,
};

/** Asked for wherever a shared cluster would be changed. */
export const yesOption: OptionSpec = {
  flags: "--yes",
  summary: "do it; without it nothing is changed where others share the stack",
};

/** What the repairs of `doctor` use: without it, what was deleted by hand counts as still there. */
export const refreshOption: OptionSpec = {
  flags: "--refresh",
  summary: "look at what is really there first, and put right what was changed or deleted by hand",
};

export const jsonOption: OptionSpec = { flags: "--json", summary: "print the result as JSON, with stable codes" };

export const dotenvOption: OptionSpec = {
  flags: "--dotenv <path>",
  summary: "read this instead of .env and .env.local; may be given several times",
  repeatable: true,
};

/** What every command takes that looks at one environment. */
export interface PlaceFlags extends LocalHomeFlags {
  readonly stack: string;
  readonly json?: boolean;
}

export const placeOptions: readonly OptionSpec[] = [
  {
    flags: "--stack <name>",
    summary: "which environment",
    required: true,
    choices: ["dev", "staging", "prod", "local"],
  },
  jsonOption,
  ...localHomeOptions,
];
