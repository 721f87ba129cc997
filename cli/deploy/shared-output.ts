import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import type { Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { pulumiCommand, pulumiExecutable } from "./engine/stack.ts";

/**
 * The client id of vault-bootstrap's identity, from the outputs of the shared stack.
 *
 * @throws UserError if the shared stack does not exist, cannot be reached, or was never updated.
 */
export async function sharedClientId(): Promise<string> {
  const { clientId, missing } = await readSharedStack();
  if (missing !== undefined) throw UserError.of(missing.code, missing.problem, `${missing.fix}, or use --client-id`);
  return clientId;
}

/** What keeps an environment from reading the shared stack; `undefined` if nothing does. */
export async function lacksSharedStack(): Promise<Finding | undefined> {
  return (await readSharedStack()).missing;
}

type SharedStackRead =
  | { readonly clientId: string; readonly missing?: never }
  | { readonly clientId?: never; readonly missing: Finding };

async function readSharedStack(): Promise<SharedStackRead> {
  try {
    const command = await pulumiCommand(await pulumiExecutable(), repositoryRoot);
    const stack = await LocalWorkspace.selectStack(
      { stackName: "shared", workDir: repositoryRoot },
      { pulumiCommand: command },
    );
    const clientId: unknown = (await stack.outputs())["bootstrapClientId"]?.value;
    if (typeof clientId === "string") return { clientId };
    return { missing: missing("it has no output bootstrapClientId, because it was never updated") };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { missing: missing(/error: (.*)/.exec(message)?.[1] ?? message.split("\n")[0] ?? "it cannot be reached") };
  }
}

function missing(why: string): Finding {
  return {
    code: "shared-stack-missing",
    stage: "identity",
    severity: "error",
    subject: "shared",
    problem: `the client id of vault-bootstrap's identity cannot be read from the stack shared: ${why}`,
    fix: "ameide-secrets up --stack shared --yes",
  };
}
