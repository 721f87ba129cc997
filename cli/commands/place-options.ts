import type { OptionSpec } from "../command.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { jsonOption } from "./stack-options.ts";

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
