import * as settings from "@pulumi/pulumi/runtime/settings.js";
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { RunError } from "@pulumi/pulumi";
import {
  LocalWorkspace,
  type LocalWorkspaceOptions,
  PulumiCommand,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { refuseRevealingLogs } from "../../../domain/engine-logging.ts";
import { shellWord } from "../../../domain/safe-text.ts";
import { UserError } from "../../../domain/user-error.ts";
import { which } from "../../../local/toolchain/path-lookup.ts";
import { inspectToolchain } from "../../../local/toolchain/inspect.ts";
import { repositoryRoot } from "../../../environments/index.ts";
import type { StateResource } from "./state.ts";

export interface OpenEngine {
  readonly stack: Stack;
  /** What its state contains. @default - not read yet */
  readonly resources?: readonly StateResource[];
  /** Ends what was started for it. @default - nothing was */
  readonly close?: () => Promise<void>;
}

export async function withEngine<T>(
  opening: Promise<OpenEngine>,
  use: (stack: Stack, resources: OpenEngine["resources"]) => Promise<T>,
): Promise<T> {
  const { stack, resources, close } = await opening;
  try {
    return await use(stack, resources);
  } finally {
    await close?.();
  }
}

export interface EngineSetup {
  readonly stackName: string;
  /** Registers the resources and returns the stack's outputs. */
  readonly program: () => Promise<Record<string, unknown> | void>;
  /** Folder of `Pulumi.yaml` on cloud stacks; a folder of the home in `local`. */
  readonly workDir: string;
  /** A file backend, for which `workDir` needs no `Pulumi.yaml`. @default - the backend of the person's `pulumi` */
  readonly stateDir?: string;
  readonly pulumi: string;
  /** The engine's environment in addition to PATH, including VAULT_TOKEN and PULUMI_DEBUG_PROVIDERS. */
  readonly env: Readonly<Record<string, string>>;
  /** What encrypts the state of a stack that is created, such as `azurekeyvault://…`. @default - the backend's own way */
  readonly secretsProvider?: string | undefined;
  /** Whether a stack that does not exist is created; `new` if none can exist, which is not looked up. @default true */
  readonly create?: boolean | "new";
}

const projectName = "ameide-secrets";

/**
 * Selects the stack, or creates it.
 *
 * @throws UserError if the executable or the backend does not work, the stack does not exist and must not be created,
 *   or the environment would make the engine log values.
 */
export async function openStack(setup: EngineSetup): Promise<Stack> {
  refuseRevealingLogs(process.env);
  const { stackName, program, secretsProvider, create = true } = setup;
  keepConnectionsApart();
  try {
    // the engine prints a RunError without a stack trace
    const withoutTrace = (error: unknown): never => {
      throw error instanceof UserError ? new RunError(error.message) : error;
    };
    const inline = { stackName, projectName, program: async () => program().catch(withoutTrace) };
    const options = { ...(await workspaceOptions(setup)), ...(secretsProvider && { secretsProvider }) };
    const open = create === "new" ? "createStack" : create ? "createOrSelectStack" : "selectStack";
    return withoutReading(await LocalWorkspace[open](inline, options));
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof StackNotFoundError) throw missingStack(stackName, secretsProvider, error);
    throw UserError.of(
      "stack-cannot-be-opened",
      `stack ${stackName} cannot be opened: ${engineReason(error)}`,
      "check the backend: pulumi whoami --verbose; pulumi stack ls",
      { cause: error },
    );
  }
}

/** The Automation API starts the engine three more times after an update, for outputs and history, which its events contain. */
function withoutReading(stack: Stack): Stack {
  const up = function (this: Stack, ...options: Parameters<Stack["up"]>) {
    const bare = Object.assign(Object.create(this) as Stack, { outputs: () => Promise.resolve({}) });
    return stack.up.apply(bare, options);
  };
  return Object.assign(Object.create(stack) as Stack, { up, info: () => Promise.resolve(undefined) });
}

/** The engine's own sentence in what the Automation API throws. */
export function engineReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /error: (.*)/.exec(message)?.[1] ?? message;
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

export const loginFix =
  "pulumi login, or pulumi login azblob://<container>?storage_account=<account>; then check: pulumi whoami --verbose";

/** Where the person's `pulumi` keeps state, such as `azblob://state`; nothing is opened or created. @throws UserError */
export async function backendUrl(setup: Pick<EngineSetup, "workDir" | "pulumi" | "env">): Promise<string> {
  try {
    const workspace = await LocalWorkspace.create(await workspaceOptions(setup));
    return (await workspace.whoAmI()).url ?? "";
  } catch (error) {
    throw UserError.of(
      "backend-unreachable",
      `pulumi does not report where it stores state: ${engineReason(error)}`,
      loginFix,
      { cause: error },
    );
  }
}

async function workspaceOptions({
  workDir,
  stateDir,
  pulumi,
  env,
}: Pick<EngineSetup, "workDir" | "stateDir" | "pulumi" | "env">): Promise<LocalWorkspaceOptions> {
  const path = process.env["PATH"] ?? "";
  const shims = join(repositoryRoot, "local", "pulumi-shims");
  const onFiles = stateDir !== undefined;
  if (onFiles && env["PULUMI_HOME"] !== undefined) keepNoLogs(env["PULUMI_HOME"]);
  return {
    workDir,
    ...(onFiles && {
      projectSettings: { name: projectName, runtime: "nodejs", backend: { url: `file://${stateDir}` } },
    }),
    pulumiCommand: await pulumiCommand(pulumi, workDir),
    envVars: {
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // a cache in the shared temporary directory, for a compiler that this program and its pack do not use
      TS_NODE_CACHE: "false",
      AMEIDE_SECRETS_NODE: process.execPath,
      // the person's own plugins for Node go first, if they are installed
      PATH: (onFiles ? [shims, path] : [path, shims]).join(delimiter),
      ...(onFiles && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
      ...env,
    },
  };
}

/**
 * The engine logs every call, up to 500 MB, in a fifth of its time. It has no setting against that, and goes on without
 * logs where there cannot be a folder for them.
 */
function keepNoLogs(pulumiHome: string): void {
  const folder = join(pulumiHome, "logs");
  if (statSync(folder, { throwIfNoEntry: false })?.isFile() === true) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(pulumiHome, { recursive: true, mode: 0o700 });
  writeFileSync(folder, "");
}

const knownCommands = new Map<string, PulumiCommand>(); // by link: making one starts a process

/** Automation API knows an executable only as `<root>/bin/pulumi`; any other gets a link of that form. */
export async function pulumiCommand(executable: string, workDir: string): Promise<PulumiCommand> {
  const hasForm = basename(dirname(executable)) === "bin";
  const root = hasForm ? dirname(dirname(executable)) : workDir;
  const link = join(root, "bin", "pulumi");
  if (!hasForm) {
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(executable, link);
  }
  const command = knownCommands.get(link) ?? (await PulumiCommand.get({ root, skipVersionCheck: true }));
  knownCommands.set(link, command);
  return command;
}

/**
 * Gives each run of the engine its own connections. `@grpc/grpc-js` shares them by address, and Pulumi's SDK never closes
 * them: a later engine with the same port failed with `14 UNAVAILABLE: No connection established`. The SDK has no setting for
 * this, so its internal options are changed; a test checks that they still take effect.
 */
export function keepConnectionsApart(): void {
  const { grpcClientOptions } = settings as { readonly grpcClientOptions?: Record<string, unknown> };
  if (grpcClientOptions !== undefined) grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
}

/** The person's own `pulumi` if PATH has one, else the toolchain's. @throws UserError if there is neither. */
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
