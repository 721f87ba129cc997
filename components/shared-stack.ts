import * as pulumi from "@pulumi/pulumi";
import type { StackPlan } from "../domain/plan/environment.ts";
import { UserError } from "../domain/user-error.ts";

/** The stack with the outputs that every environment reads, as `<organization>/<project>/shared`. */
export function sharedStackName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/shared`;
}

/**
 * Checks that an environment can read the shared stack. A StackReference to a missing stack fails inside the engine,
 * where no program can explain it; the same question as a function call can be caught.
 * @throws UserError `shared-stack-missing` if the stack does not exist or has no output `bootstrapClientId`.
 */
export async function requireSharedStack(plan: StackPlan): Promise<void> {
  if (plan.kind === "shared" || plan.shared !== undefined) return;
  const name = sharedStackName();
  const { outputs } = await readOutputs(name).catch((cause: unknown) => {
    throw missing(plan.name, `the stack ${name} cannot be read: ${reasonOf(cause)}`, { cause });
  });
  if (outputs["bootstrapClientId"] !== undefined) return;
  throw missing(plan.name, `the stack ${name} has no output bootstrapClientId, because it was never updated`);
}

async function readOutputs(name: string): Promise<{ readonly outputs: Readonly<Record<string, unknown>> }> {
  return (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    outputs: Record<string, unknown>;
  };
}

/** The engine's own reason, such as `unknown stack "..."`. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return (/returned an error: (.*)/s.exec(message)?.[1] ?? message).trim();
}

function missing(environment: string, why: string, options?: ErrorOptions): UserError {
  return UserError.of(
    "shared-stack-missing",
    `${environment} needs the shared stack's identity, and ${why}`,
    "ameide-secrets up --stack shared --yes, or: pulumi up --stack shared",
    options,
  );
}
