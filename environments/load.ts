import type { StackPlan } from "../domain/environment.ts";
import { nearest } from "../domain/nearest.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { readCatalogue } from "./catalogue.ts";
import type { LoadContext, LoadInput } from "./load-context.ts";
import { loadEnvironment } from "./load-environment.ts";
import { loadLocal } from "./load-local.ts";
import { loadShared } from "./load-shared.ts";
import { repositoryRoot } from "./repository.ts";

const stackNames = ["shared", ...environmentNames];

/**
 * Everything that one stack needs, checked as far as it can be without calling anyone. After this nothing reads stack
 * configuration, the process environment or a file.
 *
 * @throws UserError with every mistake of settings, catalogue and `.env` at once.
 */
export async function load(input: LoadInput): Promise<StackPlan> {
  const { stack, root = repositoryRoot, offline = false } = input;
  const context: LoadContext = { ...input, root, offline, catalogue: readCatalogue() };
  switch (stack) {
    case "shared":
      return loadShared(context);
    case "dev":
    case "staging":
    case "prod":
      return loadEnvironment(stack, context);
    case "local":
      return loadLocal(context);
    default: {
      const close = nearest(stack, stackNames);
      throw UserError.of(
        "stack-unknown",
        `there is no stack ${JSON.stringify(stack)}`,
        `${close === undefined ? "" : `did you mean ${close}? `}use one of ${stackNames.join(", ")}`,
      );
    }
  }
}
