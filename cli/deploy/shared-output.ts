import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../domain/user-error.ts";
import { repositoryRoot } from "../../environments/index.ts";

/**
 * The client id of vault-bootstrap's identity, as the shared stack tells it.
 *
 * @throws UserError when the shared stack is not there, cannot be reached, or was never updated.
 */
export async function sharedClientId(): Promise<string> {
  const told = await outputs().catch((cause: unknown) => {
    throw missing(cause instanceof Error ? cause.message.split("\n")[0] : String(cause));
  });
  const clientId: unknown = told["bootstrapClientId"]?.value;
  if (typeof clientId !== "string") throw missing("it has no output bootstrapClientId");
  return clientId;
}

async function outputs() {
  const stack = await LocalWorkspace.selectStack({ stackName: "shared", workDir: repositoryRoot });
  return stack.outputs();
}

function missing(why = "it cannot be reached"): UserError {
  return UserError.of(
    "shared-stack-missing",
    `the stack shared does not tell the bootstrap's client id: ${why}`,
    "ameide-secrets up --stack shared --yes, or give --client-id",
  );
}
