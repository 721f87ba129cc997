import type { Command } from "../command.ts";
import { localDown } from "./local-down.ts";
import { localStatus } from "./local-status.ts";
import { localUp } from "./local-up.ts";

/** Every command, in the order of `--help`. */
export const commands: readonly Command<never>[] = [localUp, localStatus, localDown];
