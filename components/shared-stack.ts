import * as pulumi from "@pulumi/pulumi";
import type { StackPlan } from "../domain/plan/environment.ts";
import { UserError } from "../domain/user-error.ts";

/** The stack with the outputs that every environment reads, as `<organization>/<project>/shared`. */
export function sharedStackName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/shared`;
}

/**
 * A StackReference to a missing stack fails in the engine, where no program can explain it; this call can be caught.
 * @throws UserError `shared-stack-missing` if the stack does not exist or has no output `bootstrapClientId`.
 */
export async function requireSharedStack(plan: StackPlan): Promise<void> {
  if (plan.kind === "shared" || plan.shared !== undefined) return;
  const name = sharedStackName();
  const missing = (why: string, options?: ErrorOptions): UserError =>
    UserError.of(
      "shared-stack-missing",
      `${plan.name} needs the shared stack's identity, and the stack ${name} ${why}`,
      "ameide-secrets up --stack shared --yes, or: pulumi up --stack shared",
      options,
    );
  let found: { readonly outputs: Readonly<Record<string, unknown>> };
  try {
    found = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as typeof found;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // the engine's own reason, such as `unknown stack "..."`
    const reason = /returned an error: (.*)/s.exec(message)?.[1] ?? message;
    throw missing(`cannot be read: ${reason.trim()}`, { cause });
  }
  if (found.outputs["bootstrapClientId"] !== undefined) return;
  throw missing("has no output bootstrapClientId, because it was never updated");
}
