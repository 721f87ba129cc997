import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackPlan } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import { requireSharedStack } from "../../components/shared-stack.ts";
import { openStack, requireFittingState, pulumiExecutable } from "./engine/stack.ts";
import type { OpenEngine } from "./chain.ts";
import { refuseWeakState } from "./preflight.ts";

/** The person's own backend and plugins, for an update that may lose no value that state holds. */
export async function openCloudEngine(
  stackName: string,
  plan: StackPlan,
  register: RegisterOptions,
  vaultToken?: Redacted,
): Promise<OpenEngine> {
  const stack = await openCloudStack(stackName, plan, register, vaultToken);
  await requireFittingState(stack, plan);
  return { stack, close: () => Promise.resolve() };
}

/** @throws UserError where state would lie on one machine, or be encrypted by a passphrase. */
export async function openCloudStack(
  stackName: string,
  plan: StackPlan,
  register: RegisterOptions,
  vaultToken?: Redacted,
): Promise<Stack> {
  const stack = await openStack({
    stackName,
    program: async () => {
      await requireSharedStack(plan);
      return registerStack(plan, register);
    },
    workDir: repositoryRoot,
    pulumi: await pulumiExecutable(),
    binDirs: [],
    // where Pulumi's own plugins for Node are installed, these go first
    fallbackBinDirs: [join(repositoryRoot, "local", "pulumi-shims")],
    env: {
      AMEIDE_SECRETS_NODE: process.execPath,
      // the one way for the token: the provider reads it, no state keeps it
      ...(vaultToken === undefined ? {} : { VAULT_TOKEN: vaultToken.reveal() }),
    },
  });
  const { url } = await stack.workspace.whoAmI();
  refuseWeakState({ stack: stackName, root: repositoryRoot, backendUrl: url ?? "" });
  return stack;
}
