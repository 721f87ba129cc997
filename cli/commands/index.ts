import type { Command } from "../command.ts";
import { add } from "./add.ts";
import { bootstrapLogs, bootstrapRun } from "./bootstrap.ts";
import { destroy } from "./destroy.ts";
import { doctor, validate } from "./doctor.ts";
import { envCheck, envClassify, envPush } from "./env.ts";
import { graph } from "./graph.ts";
import { drift, lineage } from "./lineage.ts";
import { guard, lint } from "./lint.ts";
import { localDown, localStatus, localUp } from "./local.ts";
import { moveIn } from "./move-in.ts";
import { prune } from "./prune.ts";
import { render } from "./render.ts";
import { resync } from "./resync.ts";
import { rotate, rotation } from "./rotate.ts";
import { reconfigureAuth, revokeRoot, unseal } from "./unseal.ts";
import { preview, up } from "./up.ts";
import { whoUses } from "./who-uses.ts";

export const commandGroups: Readonly<Record<string, readonly Command[]>> = {
  "Local environment": [localUp, localStatus, localDown],
  "Deploy a stack": [up, preview, destroy, render],
  "Values and catalogue": [envCheck, envPush, envClassify, add, prune],
  "Rules and moving in": [lint, guard, moveIn],
  "Find what is wrong": [doctor, validate, lineage, drift, whoUses, graph],
  "Fix and rotate": [resync, unseal, reconfigureAuth, revokeRoot, rotate, rotation, bootstrapRun, bootstrapLogs],
};

export const commands: readonly Command[] = Object.values(commandGroups).flat();
