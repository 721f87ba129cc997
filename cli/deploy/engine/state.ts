import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { errorFinding, type Finding } from "../../../domain/finding.ts";
import type { StackPlan } from "../../../domain/plan/environment.ts";
import { missingValues, valuesInState } from "../../../domain/plan/update-check.ts";
import { operatorPolicyNames } from "../../../domain/resources/vault-policies.ts";
import { throwErrors, UserError } from "../../../domain/user-error.ts";

export interface ExportedState {
  readonly version: number;
  readonly deployment: { readonly resources?: readonly StateResource[]; readonly [key: string]: unknown };
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  /** Whether a provider manages it; a component has none. */
  readonly custom?: boolean;
  /** Whether it only waits for its deletion. */
  readonly delete?: boolean;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** The stack's state with its secrets encrypted; the Automation API's own export shows them. */
async function exportState(stack: Stack): Promise<ExportedState> {
  const { version, deployment } = JSON.parse(await pulumiCli(stack, ["stack", "export"])) as Partial<ExportedState>;
  return { version: version ?? 3, deployment: deployment ?? {} };
}

export async function readResources(stack: Stack): Promise<readonly StateResource[]> {
  return (await exportState(stack)).deployment.resources ?? [];
}

/**
 * The Automation API's import writes a file that everybody can read, and leaves it if it fails. A `state` without
 * `secrets_providers` has its secrets in clear; the stack's own key encrypts them.
 */
export async function importState(stack: Stack, state: ExportedState): Promise<void> {
  const { secrets_providers } = (await exportState(stack)).deployment;
  const deployment = { secrets_providers, ...state.deployment };
  await pulumiCli(stack, ["stack", "import"], JSON.stringify({ ...state, deployment }));
}

/** Standard output of one `pulumi` command on this stack, where the Automation API has none. @param input - standard input */
export async function pulumiCli({ name, workspace }: Stack, args: readonly string[], input = ""): Promise<string> {
  const { pulumiCommand: pulumi, workDir: cwd, envVars } = workspace;
  const running = promisify(execFile)(pulumi.command, [...args, "--stack", name], {
    cwd,
    env: { ...process.env, ...envVars },
    maxBuffer: 2 ** 30,
  });
  running.child.stdin?.on("error", () => {}); // it may end without reading
  running.child.stdin?.end(input);
  return (await running).stdout;
}

/** Removes resources from a stack's state, protected ones too; the real objects stay. Secrets stay encrypted. */
export async function forgetResources(stack: Stack, urns: ReadonlySet<string>): Promise<void> {
  const { version, deployment } = await exportState(stack);
  const resources = withoutResources(deployment.resources ?? [], urns);
  await pulumiCli(stack, ["stack", "import"], JSON.stringify({ version, deployment: { ...deployment, resources } }));
}

/** The resources without these, and without any dependency on them, which `pulumi state delete` refuses. */
export function withoutResources<T extends { readonly urn: string }>(
  resources: readonly T[],
  urns: ReadonlySet<string>,
): readonly T[] {
  const kept = resources.filter(({ urn }) => !urns.has(urn));
  return JSON.parse(JSON.stringify(kept), (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((item: unknown) => typeof item !== "string" || !urns.has(item)) : value,
  ) as readonly T[];
}

/** Whether this is a policy that earlier versions of this program had as a resource: a plan deletes it. */
export function isOperatorPolicy({ type, urn }: Pick<StateResource, "type" | "urn">): boolean {
  return type === "vault:index/policy:Policy" && operatorPolicyNames.some((policy) => urn.endsWith(`-${policy}`));
}

/** Removes these policies from the state, so that no update deletes them in Vault; the command line writes them. */
export async function forgetOperatorPolicies(stack: Stack, resources?: readonly StateResource[]): Promise<void> {
  const urns = (resources ?? (await readResources(stack))).filter(isOperatorPolicy).map(({ urn }) => urn);
  if (urns.length > 0) await forgetResources(stack, new Set(urns));
}

/** What the state contains. @throws UserError with each value that the next update would delete, and the last update's kubeconfig if it is gone. */
export async function readFittingState(stack: Stack, plan: StackPlan): Promise<readonly StateResource[]> {
  const resources = await readResources(stack);
  throwErrors([...missingValues(plan, valuesInState({ resources })), ...goneKubeconfig(resources, plan)]);
  return resources;
}

/** The kubeconfig that the last update of a stack used; `undefined` if it was the machine's own, or there was none. */
export function formerKubeconfig(resources: readonly StateResource[]): string | undefined {
  const provider = resources.findLast((one) => one.type === "pulumi:providers:kubernetes" && one.delete !== true);
  const path = provider?.inputs?.["kubeconfig"];
  return typeof path === "string" && path !== "" && !path.includes("\n") ? path : undefined;
}

/** The Kubernetes provider reads the former kubeconfig to compare it with another path: "failed to parse kubeconfig". */
function goneKubeconfig(resources: readonly StateResource[], plan: StackPlan): readonly Finding[] {
  const former = formerKubeconfig(resources);
  if (plan.kind === "shared" || former === undefined || former === plan.cluster.kubeconfig) return [];
  if (existsSync(former.startsWith("~/") ? join(homedir(), former.slice(2)) : former)) return [];
  const own = plan.cluster.kubeconfig ?? "${KUBECONFIG:-$HOME/.kube/config}";
  const problem = `the last update used the kubeconfig ${former}, which does not exist here; the Kubernetes provider must read it to compare it with the new one`;
  const fix = `mkdir -p ${dirname(former)} && cp ${own} ${former}; you can delete the copy after the next update`;
  return [errorFinding("kubeconfig-gone", "external-secret", former, problem, fix)];
}

/** Marks an object as a secret in an exported state. */
const signature = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Each secret becomes the same placeholder: no key is needed, no value copied. @throws UserError `state-unreadable` */
export function readStateWithoutValues(file: string): ExportedState {
  const fail = (problem: string, cause?: unknown): never => {
    const fix = "export one with: pulumi stack export --stack <name> --file state.json";
    throw UserError.of("state-unreadable", `the state ${file} cannot be read: ${problem}`, fix, { cause });
  };
  const hide = (_key: string, value: unknown): unknown =>
    (value as Record<string, unknown> | null)?.[signature] === secretSignature
      ? { [signature]: secretSignature, plaintext: JSON.stringify("[secret]") }
      : value;
  let state: Partial<ExportedState> | null;
  try {
    state = JSON.parse(readFileSync(file, "utf8"), hide) as typeof state;
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { version, deployment } = state ?? {};
  if (typeof version !== "number" || typeof deployment !== "object" || deployment === null)
    return fail("it is not an exported state: version or deployment is missing");
  const { secrets_providers: _key, ...rest } = deployment;
  return { version, deployment: rest };
}
