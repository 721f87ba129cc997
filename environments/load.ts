import type { StackPlan } from "../domain/plan/environment.ts";
import { errorsOf } from "../domain/finding.ts";
import { nearest } from "../domain/nearest.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { readCatalogueFile } from "./catalogue.ts";
import { exampleFindings } from "./example-settings.ts";
import type { LoadContext, LoadInput } from "./load-context.ts";
import { loadEnvironment } from "./load-environment.ts";
import { loadLocal } from "./load-local.ts";
import { loadShared } from "./load-shared.ts";
import { repositoryRoot } from "./repository.ts";
import { stackSettings, type StackName, type StackSettings } from "./stack-settings.ts";

const stackNames = ["shared", ...environmentNames] as const;

/**
 * Everything that one stack needs, checked as far as it can be without calling anyone. After this nothing reads stack
 * configuration, the process environment or a file.
 *
 * @throws UserError with every mistake of settings and catalogue at once; where those are in order, with every mistake of
 * `.env`, or of the plan that they come to.
 */
export async function load(input: LoadInput): Promise<StackPlan> {
  const { stack, root = repositoryRoot, offline = false } = input;
  const { catalogue, findings } = readCatalogueFile(input.catalogue);
  const checked = stackSettings(stackName(stack), input.settings, root);
  const errors = [...errorsOf(findings), ...checked.findings];
  if (catalogue === undefined || checked.settings === undefined || errors.length > 0) throw UserError.from(errors);
  const context: LoadContext = { ...input, root, offline, catalogue };
  const plan = await loadStack(checked.settings, context);
  return offline || stack === "local"
    ? plan
    : { ...plan, findings: [...exampleFindings(stack, input.settings), ...plan.findings] };
}

async function loadStack(settings: StackSettings, context: LoadContext): Promise<StackPlan> {
  switch (settings.kind) {
    case "shared":
      return loadShared(settings, context);
    case "environment":
      return loadEnvironment(settings, context);
    case "local":
      return loadLocal(settings, context);
  }
}

function stackName(stack: string): StackName {
  const found = stackNames.find((name) => name === stack);
  if (found !== undefined) return found;
  const close = nearest(stack, stackNames);
  throw UserError.of(
    "stack-unknown",
    `there is no stack ${JSON.stringify(stack)}`,
    `${close === undefined ? "" : `did you mean ${close}? `}use one of ${stackNames.join(", ")}`,
  );
}
