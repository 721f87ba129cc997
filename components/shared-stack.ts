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
  let outputs: Outputs;
  try {
    outputs = await readOutputs(name);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // the engine's own reason, such as `unknown stack "..."`
    const reason = /returned an error: (.*)/s.exec(message)?.[1] ?? message;
    throw missing(`cannot be read: ${reason.trim()}`, { cause });
  }
  if (outputs["bootstrapClientId"] !== undefined) return;
  throw missing("has no output bootstrapClientId, because it was never updated");
}

/**
 * The engine deletes what the program no longer has, so only the command line can hand live objects over to ArgoCD.
 * @throws UserError `delivery-switched` if this stack's last update applied the Kubernetes objects and this one would not.
 */
export async function refuseDeliverySwitch(plan: StackPlan): Promise<void> {
  if (plan.kind === "shared" || plan.strictness.delivery === "pulumi") return;
  const outputs = await readOutputs(`${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`);
  if (outputs["cronJobName"] === undefined) return;
  throw UserError.of(
    "delivery-switched",
    `delivery of ${plan.name} is "gitops" now, and its state still has the Kubernetes objects: this run would delete them`,
    `take them out of the state, or read what to do before: ameide-secrets up --stack ${plan.name} --yes`,
  );
}

type Outputs = Readonly<Record<string, unknown>>;

async function readOutputs(name: string): Promise<Outputs> {
  const found = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    readonly outputs: Outputs;
  };
  return found.outputs;
}
