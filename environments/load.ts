import type { StackPlan } from "../domain/plan/environment.ts";
import { errorsOf, type Finding } from "../domain/finding.ts";
import { nearest } from "../domain/nearest.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { readCatalogueFile } from "./catalogue.ts";
import type { LoadContext, LoadInput } from "./load-context.ts";
import { loadEnvironment } from "./load-environment.ts";
import { loadLocal } from "./load-local.ts";
import { loadShared } from "./load-shared.ts";
import { repositoryRoot } from "./repository.ts";
import { stackSettings, type StackName, type StackSettings } from "./stack-settings.ts";
import { formatPath, type KeyPath } from "../domain/schema-findings.ts";
import { settingSources } from "./setting-sources.ts";
import { stackFileName } from "./stack-file.ts";

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

/** One digit throughout, as in the stack files of this repository. */
const exampleGuid = /\b([1-9])\1{7}-\1{4}-4\1{3}-8\1{3}-\1{12}\b/;

/**
 * Settings that still hold the example ids of this repository: Azure would refuse them with a message about something else.
 * In offline plans they serve as well as any.
 */
export function exampleFindings(stack: string, settings: unknown, path: KeyPath = []): readonly Finding[] {
  if (typeof settings === "object" && settings !== null) {
    return Object.entries(settings).flatMap(([key, value]) => exampleFindings(stack, value, [...path, key]));
  }
  if (typeof settings !== "string" || !exampleGuid.test(settings)) return [];
  const subject = formatPath(path);
  return [
    {
      code: "settings-example",
      stage: path[0] === "cluster" ? "identity" : "key-vault",
      severity: "warning",
      where: stackFileName(stack),
      subject,
      problem: `${subject} of ${stack} is still the example of this repository`,
      fix: settingSources[subject] ?? "set your own",
    },
  ];
}
