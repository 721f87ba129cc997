import * as settings from "@pulumi/pulumi/runtime/settings.js";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { basename, delimiter, dirname, join } from "node:path";
import { RunError } from "@pulumi/pulumi";
import {
  LocalWorkspace,
  type LocalWorkspaceOptions,
  PulumiCommand,
  type ProjectSettings,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import type { StackPlan } from "../../../domain/plan/environment.ts";
import { refuseRevealingLogs } from "../../../domain/engine-logging.ts";
import { valuesInState, missingValues, type ExportedDeployment } from "../../../domain/plan/update-check.ts";
import { shellWord } from "../../../domain/safe-text.ts";
import { UserError } from "../../../domain/user-error.ts";
import type { ExportedState } from "../exported-state.ts";
import { goneKubeconfig } from "./kubeconfig.ts";
import { which } from "../../../local/toolchain/path-lookup.ts";
import { inspectToolchain } from "../../../local/toolchain/inspect.ts";

/** The engine, opened on one stack, and what lives exactly as long as it does. */
export interface OpenEngine {
  readonly stack: Stack;
  close(): Promise<void>;
}

/** What is needed to run the program of one stack through Pulumi's own engine. */
export interface EngineSetup {
  readonly stackName: string;
  /** The chain: registers resources, answers the stack's outputs. */
  readonly program: () => Promise<Record<string, unknown> | void>;
  /** Folder of `Pulumi.yaml` on cloud stacks; a folder of the home in `local`. */
  readonly workDir: string;
  /** Left out where `Pulumi.yaml` in `workDir` has it. */
  readonly project?: ProjectSettings;
  /** The `pulumi` executable, such as found by the toolchain. */
  readonly pulumi: string;
  /** Folders put before PATH for the engine, such as that of `pulumi-analyzer-policy-nodejs`. */
  readonly binDirs: readonly string[];
  /** Folders put behind PATH, for what this machine has none of. */
  readonly fallbackBinDirs?: readonly string[];
  /** The engine's environment in addition to PATH, including VAULT_TOKEN and PULUMI_DEBUG_PROVIDERS. */
  readonly env: Readonly<Record<string, string>>;
  /** What encrypts the state of a stack that is created, such as `azurekeyvault://…`. @default - the backend's own way */
  readonly secretsProvider?: string;
  /** Whether a stack that does not exist is created. @default true */
  readonly create?: boolean;
}

/**
 * Selects the stack, or creates it where it does not exist and the setup says so.
 *
 * @throws UserError when the executable cannot be run or the backend cannot be reached; when the stack does not exist and is
 *   not to be created; when the environment would make the engine log values.
 */
export async function openStack(setup: EngineSetup): Promise<Stack> {
  refuseRevealingLogs(process.env);
  const { stackName, program, project, secretsProvider, create = true } = setup;
  keepConnectionsApart();
  try {
    const inline = {
      stackName,
      projectName: project?.name ?? "ameide-secrets",
      program: () => withoutTrace(program),
    };
    const options = {
      ...(await workspaceOptions(setup)),
      ...(secretsProvider === undefined ? {} : { secretsProvider }),
    };
    return await (create
      ? LocalWorkspace.createOrSelectStack(inline, options)
      : LocalWorkspace.selectStack(inline, options));
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof StackNotFoundError) throw missingStack(stackName, secretsProvider, error);
    const message = error instanceof Error ? (/error: (.*)/.exec(error.message)?.[1] ?? error.message) : String(error);
    throw UserError.of(
      "stack-cannot-be-opened",
      `stack ${stackName} cannot be opened: ${message}`,
      "check the backend: pulumi whoami --verbose; pulumi stack ls",
      { cause: error },
    );
  }
}

function missingStack(stackName: string, secretsProvider: string | undefined, cause: Error): UserError {
  const provider = secretsProvider === undefined ? "" : ` --secrets-provider ${shellWord(secretsProvider)}`;
  return UserError.of(
    "stack-missing",
    `stack ${stackName} does not exist in this backend, and this command does not create it`,
    `ameide-secrets up --stack ${stackName} --yes creates it; to see the plan first: ameide-secrets preview --stack ${stackName} --offline, or create an empty stack: pulumi stack init ${stackName}${provider} --no-select`,
    { cause },
  );
}

/** Where the person's `pulumi` keeps state, such as `azblob://state`; nothing is opened or created. @throws UserError */
export async function backendUrl(setup: Pick<EngineSetup, "workDir" | "pulumi" | "binDirs" | "env">): Promise<string> {
  try {
    const workspace = await LocalWorkspace.create(await workspaceOptions(setup));
    return (await workspace.whoAmI()).url ?? "";
  } catch (error) {
    const message = error instanceof Error ? (/error: (.*)/.exec(error.message)?.[1] ?? error.message) : String(error);
    throw UserError.of(
      "backend-unreachable",
      `pulumi does not report where it stores state: ${message}`,
      "pulumi login, or pulumi login azblob://<container>?storage_account=<account>; then check: pulumi whoami --verbose",
      { cause: error },
    );
  }
}

async function workspaceOptions(
  setup: Pick<EngineSetup, "workDir" | "project" | "pulumi" | "binDirs" | "fallbackBinDirs" | "env">,
): Promise<LocalWorkspaceOptions> {
  const { workDir, project, pulumi, binDirs, fallbackBinDirs = [], env } = setup;
  return {
    workDir,
    ...(project === undefined ? {} : { projectSettings: project }),
    pulumiCommand: await pulumiCommand(pulumi, workDir),
    envVars: {
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // a cache in the shared temporary directory, for a compiler that this program and its pack do not use
      TS_NODE_CACHE: "false",
      PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
      PATH: [...binDirs, process.env["PATH"] ?? "", ...fallbackBinDirs].join(delimiter),
      ...env,
    },
  };
}

/** The engine prints a RunError without a stack trace. */
async function withoutTrace(program: EngineSetup["program"]): ReturnType<EngineSetup["program"]> {
  try {
    return await program();
  } catch (error) {
    throw error instanceof UserError ? new RunError(error.message) : error;
  }
}

/** Automation API knows an executable only as `<root>/bin/pulumi`; any other gets a link of that form. */
export async function pulumiCommand(executable: string, workDir: string): Promise<PulumiCommand> {
  if (basename(dirname(executable)) === "bin") {
    return PulumiCommand.get({ root: dirname(dirname(executable)), skipVersionCheck: true });
  }
  const link = join(workDir, "bin", "pulumi");
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(executable, link);
  return PulumiCommand.get({ root: workDir, skipVersionCheck: true });
}

/**
 * Checks what the stack's state says against the plan, before the engine runs: each value that the state holds must have
 * one in the plan as well, since absence is never a change; and the kubeconfig of the last update must exist.
 *
 * @throws UserError with every value that the next update would delete, and the kubeconfig that is gone.
 */
export async function requireFittingState(stack: Stack, plan: StackPlan): Promise<void> {
  const state = await readExport(stack);
  const found = [...missingValues(plan, valuesInState(state)), ...goneKubeconfig(state, plan)];
  if (found.length > 0) throw UserError.from(found);
}

/** The stack's state with its secrets encrypted; the Automation API's own export shows them. */
export async function readExport(stack: Stack): Promise<ExportedDeployment> {
  const { deployment = {} } = JSON.parse(await pulumiCli(stack, ["stack", "export"])) as {
    deployment?: ExportedDeployment;
  };
  return deployment;
}

/**
 * Replaces the stack's state. The Automation API's own import goes through a file that everybody can read, and leaves it
 * if it fails.
 *
 * @param state - as `stack export` writes it. Without `secrets_providers` its secrets are those of `--show-secrets`, and
 *   the stack's own key encrypts them.
 */
export async function importState(stack: Stack, state: ExportedState): Promise<void> {
  const { secrets_providers } = (await readExport(stack)) as { readonly secrets_providers?: unknown };
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

/**
 * Gives each run of the engine connections of its own.
 *
 * Every run listens on ports that the system picks, and Pulumi's SDK never closes what an inline program connected by. A
 * call after the engine's end, as a refused run makes some, leaves that connection waiting to be tried again; `@grpc/grpc-js`
 * shares it with all clients of the process, by address. A later engine that got the same port was then refused unheard:
 * `14 UNAVAILABLE: No connection established`.
 *
 * The SDK has no setting for it, so this sets its own options of its clients; without them all is as before. A test holds
 * that they still take effect.
 */
export function keepConnectionsApart(): void {
  const { grpcClientOptions } = settings as { readonly grpcClientOptions?: Record<string, unknown> };
  if (grpcClientOptions !== undefined) grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
}

/** What is read and written of a resource in an exported state; the rest of it goes through as it is. */
export interface ExportedResource {
  readonly urn: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/**
 * The resources without these, and without any mention of them. `pulumi state delete` refuses a resource that others
 * depend on, or takes the others along.
 */
export function withoutResources<T extends ExportedResource>(resources: readonly T[], urns: ReadonlySet<string>): T[] {
  const others = (list: readonly string[] | null) => (list ?? []).filter((urn) => !urns.has(urn));
  return resources
    .filter(({ urn }) => !urns.has(urn))
    .map((resource) => ({
      ...resource,
      ...(resource.dependencies === undefined ? {} : { dependencies: others(resource.dependencies) }),
      ...(resource.propertyDependencies === undefined
        ? {}
        : {
            propertyDependencies: Object.fromEntries(
              Object.entries(resource.propertyDependencies).map(([property, list]) => [property, others(list)]),
            ),
          }),
    }));
}

/** Removes resources from a stack's state, protected ones too; the real objects stay. Secrets stay encrypted. */
export async function forgetResources(stack: Stack, urns: ReadonlySet<string>): Promise<void> {
  const { version, deployment } = JSON.parse(await pulumiCli(stack, ["stack", "export"])) as {
    readonly version: number;
    readonly deployment: { readonly resources?: readonly ExportedResource[] };
  };
  const resources = withoutResources(deployment.resources ?? [], urns);
  await importState(stack, { version, deployment: { ...deployment, resources } });
}

/**
 * The engine: the person's own `pulumi` where PATH has one, else the toolchain's.
 *
 * @throws UserError when there is neither.
 */
export async function pulumiExecutable(): Promise<string> {
  const onPath = which("pulumi", process.env["PATH"] ?? "");
  if (onPath !== undefined) return onPath;
  const { pieces, cacheDir } = await inspectToolchain();
  const executable = pieces.find(({ piece }) => piece.name === "pulumi")?.executable;
  if (executable !== undefined) return executable;
  throw UserError.of(
    "pulumi-missing",
    `pulumi not found on PATH or in ${cacheDir}`,
    "install Pulumi (https://www.pulumi.com/docs/install/), or let npm start build it",
  );
}
