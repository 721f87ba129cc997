import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackPlan } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import { requireSharedStack } from "../../components/shared-stack.ts";
import { backendUrl, openStack, requireFittingState, pulumiExecutable, type OpenEngine } from "./engine/stack.ts";
import { refuseWeakState, secretsProviderOf } from "./preflight.ts";

export interface CloudEngineOptions {
  readonly register?: RegisterOptions;
  readonly vaultToken?: Redacted | undefined;
  /** Whether a stack that does not exist is created; a command that only looks creates none. */
  readonly create: boolean;
}

/** The person's own backend and plugins, for an update that may lose no value that state holds. */
export async function openCloudEngine(
  stackName: string,
  plan: StackPlan,
  options: CloudEngineOptions,
): Promise<OpenEngine> {
  const stack = await openCloudStack(stackName, plan, options);
  await requireFittingState(stack, plan);
  return { stack, close: () => Promise.resolve() };
}

/** @throws UserError if the state would be stored on one machine or encrypted by a passphrase; before anything is opened. */
export async function openCloudStack(
  stackName: string,
  plan: StackPlan,
  { register = {}, vaultToken, create }: CloudEngineOptions,
): Promise<Stack> {
  await requireStrongState(stackName);
  const secretsProvider = secretsProviderOf(repositoryRoot, stackName);
  return openStack({
    stackName,
    program: async () => {
      await requireSharedStack(plan);
      return registerStack(plan, register);
    },
    ...(await ownPulumi()),
    // where Pulumi's own plugins for Node are installed, these go first
    fallbackBinDirs: [join(repositoryRoot, "local", "pulumi-shims")],
    env: {
      AMEIDE_SECRETS_NODE: process.execPath,
      // the one way for the token: the provider reads it, no state keeps it
      ...(vaultToken === undefined ? {} : { VAULT_TOKEN: vaultToken.reveal() }),
    },
    ...(secretsProvider === undefined ? {} : { secretsProvider }),
    create,
  });
}

/** Asks the person's `pulumi` where it keeps state, and the stack file what encrypts it. @throws UserError */
export async function requireStrongState(stackName: string): Promise<void> {
  const url = await backendUrl({ ...(await ownPulumi()), env: {} });
  refuseWeakState({ stack: stackName, root: repositoryRoot, backendUrl: url });
}

async function ownPulumi() {
  return { workDir: repositoryRoot, pulumi: await pulumiExecutable(), binDirs: [] };
}
