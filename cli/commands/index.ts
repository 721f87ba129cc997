import type { Command } from "../command.ts";
import { envCheck } from "./env-check.ts";
import { lint } from "./lint.ts";
import { localDown } from "./local-down.ts";
import { localStatus } from "./local-status.ts";
import { localUp } from "./local-up.ts";
import { preview } from "./preview.ts";
import { render } from "./render.ts";
import { up } from "./up.ts";

/** Every command, in the order of `--help`. */
export const commands: readonly Command<never>[] = [
  up,
  preview,
  render,
  localUp,
  localStatus,
  localDown,
  envCheck,
  lint,
];
