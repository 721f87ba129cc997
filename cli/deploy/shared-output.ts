import { LocalWorkspace, StackNotFoundError } from "@pulumi/pulumi/automation/index.js";
import { errorFinding, type Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { engineReason, loginFix, pulumiCommand, pulumiExecutable } from "./engine/stack.ts";

/** Client id of vault-bootstrap. @throws UserError if the shared stack is missing, unreachable or was never updated. */
export async function sharedClientId(): Promise<string> {
  const read = await readClientId();
  if (typeof read === "string") return read;
  throw UserError.of(read.code, read.problem, `${read.fix}, or use --client-id`);
}

/** What prevents an environment from reading the shared stack; `undefined` if nothing does. */
export async function lacksSharedStack(): Promise<Finding | undefined> {
  const read = await readClientId();
  return typeof read === "string" ? undefined : read;
}

async function readClientId(): Promise<string | Finding> {
  const failed = (code: string, why: string, fix: string): Finding => {
    const problem = `the client id of vault-bootstrap's identity cannot be read from the stack shared: ${why}`;
    return errorFinding(code, "identity", "shared", problem, fix);
  };
  const missing = (why: string) => failed("shared-stack-missing", why, "ameide-secrets up --stack shared --yes");
  try {
    const options = { pulumiCommand: await pulumiCommand(await pulumiExecutable(), repositoryRoot) };
    const stack = await LocalWorkspace.selectStack({ stackName: "shared", workDir: repositoryRoot }, options);
    const clientId: unknown = (await stack.outputs())["bootstrapClientId"]?.value;
    if (typeof clientId === "string") return clientId;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const [why = ""] = engineReason(error).split("\n");
    return error instanceof StackNotFoundError ? missing(why) : failed("backend-unreachable", why, loginFix);
  }
  return missing("it has no output bootstrapClientId, because it was never updated");
}
