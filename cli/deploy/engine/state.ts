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
import { UserError } from "../../../domain/user-error.ts";

/** Output of `pulumi stack export`, as far as it is used here. */
export interface ExportedState {
  readonly version: number;
  readonly deployment: { readonly resources?: readonly StateResource[]; readonly [key: string]: unknown };
}

/** One resource in a stack's state. */
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
  return JSON.parse(await pulumiCli(stack, ["stack", "export"])) as ExportedState;
}

/** What the stack's state contains; secrets are encrypted in it. */
export async function readResources(stack: Stack): Promise<readonly StateResource[]> {
  const { deployment } = (await exportState(stack)) as Partial<ExportedState>;
  return deployment?.resources ?? [];
}

/**
 * Replaces the stack's state. The Automation API's own import goes through a file that everybody can read, and leaves it
 * if it fails.
 *
 * @param state - without `secrets_providers` its secrets are in clear, as `--show-secrets` exports them, and the stack's own
 *   key encrypts them.
 */
export async function importState(stack: Stack, state: ExportedState): Promise<void> {
  const { secrets_providers } = (await exportState(stack)).deployment;
  const deployment = { secrets_providers, ...state.deployment };
  await pulumiCli(stack, ["stack", "import"], JSON.stringify({ ...state, deployment }));
}

/**
 * One call of `pulumi` on this stack, where the Automation API has none.
 *
 * @param input - what it reads from standard input. @default - nothing
 * @returns its standard output.
 */
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

/**
 * The resources without these, and without any dependency on them. `pulumi state delete` refuses a resource that others
 * depend on, or deletes the others as well.
 */
export function withoutResources<T extends { readonly urn: string }>(
  resources: readonly T[],
  urns: ReadonlySet<string>,
): readonly T[] {
  const kept = resources.filter(({ urn }) => !urns.has(urn));
  return JSON.parse(JSON.stringify(kept), (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((item: unknown) => typeof item !== "string" || !urns.has(item)) : value,
  ) as readonly T[];
}

/**
 * Whether this is a policy that earlier versions of this program had as a resource. A plan deletes it from the state;
 * {@link forgetOperatorPolicies} prevents that an update deletes it in Vault.
 */
export function isOperatorPolicy({ type, urn }: Pick<StateResource, "type" | "urn">): boolean {
  return type === "vault:index/policy:Policy" && operatorPolicyNames.some((policy) => urn.endsWith(`-${policy}`));
}

/** Removes these policies from a state that an earlier version wrote; Vault keeps them, and the command line writes them. */
export async function forgetOperatorPolicies(stack: Stack): Promise<void> {
  const urns = (await readResources(stack)).filter(isOperatorPolicy).map(({ urn }) => urn);
  if (urns.length > 0) await forgetResources(stack, new Set(urns));
}

/**
 * Checks what the stack's state says against the plan, before the engine runs: each value that the state holds must have
 * one in the plan as well, since absence is never a change; and the kubeconfig of the last update must exist.
 *
 * @throws UserError with every value that the next update would delete, and the kubeconfig that is gone.
 */
export async function requireFittingState(stack: Stack, plan: StackPlan): Promise<void> {
  const resources = await readResources(stack);
  const found = [...missingValues(plan, valuesInState({ resources })), ...goneKubeconfig(resources, plan)];
  if (found.length > 0) throw UserError.from(found);
}

/** The kubeconfig that the last update of a stack used; `undefined` if it was the machine's own, or there was none. */
export function formerKubeconfig(resources: readonly StateResource[]): string | undefined {
  const provider = resources.findLast((one) => one.type === "pulumi:providers:kubernetes" && one.delete !== true);
  const path = provider?.inputs?.["kubeconfig"];
  return typeof path === "string" && path !== "" && !path.includes("\n") ? path : undefined;
}

/**
 * The Kubernetes provider reads the former kubeconfig to compare it with another one, and fails if it is gone: "failed to
 * parse kubeconfig". The same path is never read.
 */
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
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** JSON of what replaces a value. */
const hidden = JSON.stringify("[secret]");

/**
 * Reads an exported state for a plan without its stack's key and without its values: each secret, encrypted or shown by
 * `--show-secrets`, becomes the same placeholder, so that no copy of a value is written anywhere.
 *
 * @throws UserError `state-unreadable`.
 */
export function readStateWithoutValues(file: string): ExportedState {
  let state: unknown;
  try {
    state = JSON.parse(readFileSync(file, "utf8"), (_key, value: unknown) =>
      (value as Record<string, unknown> | null)?.[signature] === secretSignature
        ? { [signature]: secretSignature, plaintext: hidden }
        : value,
    );
  } catch (cause) {
    throw unreadable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { version, deployment } = (state ?? {}) as Partial<ExportedState>;
  if (typeof version !== "number" || typeof deployment !== "object" || deployment === null)
    throw unreadable(file, "it is not an exported state: version or deployment is missing");
  const { secrets_providers: _key, ...rest } = deployment;
  return { version, deployment: rest };
}

function unreadable(file: string, problem: string, cause?: unknown): UserError {
  return UserError.of(
    "state-unreadable",
    `the state ${file} cannot be read: ${problem}`,
    "export one with: pulumi stack export --stack <name> --file state.json",
    { cause },
  );
}
