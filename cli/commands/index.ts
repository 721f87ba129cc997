import type { Command } from "../command.ts";
import { add } from "./add.ts";
import { bootstrapLogs, bootstrapRun } from "./bootstrap-run.ts";
import { destroy } from "./destroy.ts";
import { doctor } from "./doctor.ts";
import { envCheck } from "./env-check.ts";
import { envClassify } from "./env-classify.ts";
import { envPush } from "./env-push.ts";
import { graph } from "./graph.ts";
import { guard } from "./guard.ts";
import { drift, lineage } from "./lineage.ts";
import { lint } from "./lint.ts";
import { localDown } from "./local-down.ts";
import { localStatus } from "./local-status.ts";
import { moveIn } from "./move-in.ts";
import { localUp } from "./local-up.ts";
import { preview } from "./preview.ts";
import { prune } from "./prune.ts";
import { render } from "./render.ts";
import { rotate } from "./rotate.ts";
import { rotation } from "./rotation.ts";
import { reconfigureAuth, revokeRoot, unseal } from "./unseal.ts";
import { resync } from "./resync.ts";
import { up } from "./up.ts";
import { validate } from "./validate.ts";
import { whoUses } from "./who-uses.ts";

/** Every command, in the order of `--help` and under its headings. */
export const commandGroups: Readonly<Record<string, readonly Command[]>> = {
  "Local environment": [localUp, localStatus, localDown],
  "Deploy a stack": [up, preview, destroy, render],
  "Values and catalogue": [envCheck, envPush, envClassify, add, prune],
  "Rules and moving in": [lint, guard, moveIn],
  "Find what is wrong": [doctor, validate, lineage, drift, whoUses, graph],
  "Fix and rotate": [resync, unseal, reconfigureAuth, revokeRoot, rotate, rotation, bootstrapRun, bootstrapLogs],
};

export const commands: readonly Command[] = Object.values(commandGroups).flat();
