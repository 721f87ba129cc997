import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { parse } from "yaml";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import { requireSharedStack } from "../../components/shared-stack.ts";
import { errorFinding, type Finding } from "../../domain/finding.ts";
import type { StackPlan } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { throwErrors, UserError } from "../../domain/user-error.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { backendUrl, openStack, pulumiExecutable } from "./engine/stack.ts";

/**
 * Opens a stack with the person's own backend and plugins; a command that only reads does not `create` one.
 *
 * @throws UserError if the state would be stored on one machine or encrypted by a passphrase; before anything is
 *   opened.
 */
export async function openCloudStack(
  stackName: string,
  plan: StackPlan,
  options: {
    readonly register?: RegisterOptions;
    readonly vaultToken?: Redacted | undefined;
    readonly create: boolean;
  },
): Promise<Stack> {
  const { register = {}, vaultToken, create } = options;
  await requireStrongState(stackName);
  return openStack({
    stackName,
    program: async () => {
      await requireSharedStack(plan);
      return registerStack(plan, register);
    },
    workDir: repositoryRoot,
    pulumi: await pulumiExecutable(),
    // the provider reads the token there; no state contains it
    env: vaultToken === undefined ? {} : { VAULT_TOKEN: vaultToken.reveal() },
    secretsProvider: secretsProviderOf(repositoryRoot, stackName),
    create,
  });
}

/** Asks the person's `pulumi` where it keeps state, and the stack file what encrypts it. @throws UserError */
export async function requireStrongState(stackName: string): Promise<void> {
  const url = await backendUrl({ workDir: repositoryRoot, pulumi: await pulumiExecutable(), env: {} });
  refuseWeakState({ stack: stackName, root: repositoryRoot, backendUrl: url });
}

/** A file or a passphrase on one machine is lost with it, or shared by mail. @throws UserError for either of them. */
export function refuseWeakState(options: {
  readonly stack: string;
  readonly root: string;
  readonly backendUrl: string;
}): void {
  const { stack, root, backendUrl: url } = options;
  const findings: Finding[] = [];
  if (url.startsWith("file:")) {
    const problem = `the state of stack ${stack} would be stored on this machine (${url})`;
    const fix = "pulumi login, or pulumi login azblob://<container>?storage_account=<account> on a versioned container";
    findings.push(errorFinding("state-on-one-machine", "key-vault", stack, problem, fix));
  }
  const provider = secretsProviderOf(root, stack);
  if (provider === "passphrase" || (provider === undefined && !url.startsWith("https:"))) {
    const problem = `the state of stack ${stack} would be encrypted by a passphrase`;
    const fix = `set secretsprovider: azurekeyvault://<vault>.vault.azure.net/keys/<key> in Pulumi.${stack}.yaml, a key that this program does not manage; a stack that exists already also needs: pulumi stack change-secrets-provider "azurekeyvault://<vault>.vault.azure.net/keys/<key>" --stack ${stack}`;
    findings.push(errorFinding("state-passphrase", "key-vault", stack, problem, fix));
  }
  throwErrors(findings);
}

export function secretsProviderOf(root: string, stack: string): string | undefined {
  const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { secretsprovider?: string } | null;
  return file?.secretsprovider;
}

/** Stand-ins of providers are for `local` and `--offline` alone. @throws UserError when the environment names any. */
export function refuseDebugProviders(stack: string): void {
  if (process.env["PULUMI_DEBUG_PROVIDERS"] === undefined) return;
  throw UserError.of(
    "debug-providers",
    `PULUMI_DEBUG_PROVIDERS is set: stack ${stack} would run against stand-ins and record their answers in its state`,
    "unset PULUMI_DEBUG_PROVIDERS",
  );
}
