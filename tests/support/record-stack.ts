import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import * as runtimeState from "@pulumi/pulumi/runtime/state.js";

/** One registration, as the engine would receive it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Secrets unwrapped; see `secretInputs` for which they were. */
  readonly inputs: Record<string, unknown>;
  /** Paths of the inputs that are marked secret, such as `properties.value`. */
  readonly secretInputs: readonly string[];
  /** False for a component. */
  readonly custom: boolean;
  /** Name of the parent; the stack itself has none. */
  readonly parent: string | undefined;
  readonly options: {
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly deleteBeforeReplace: boolean;
    readonly additionalSecretOutputs: readonly string[];
    readonly ignoreChanges: readonly string[];
    /** Names of what it waits for, children of components included. */
    readonly dependsOn: readonly string[];
    /** Name of its explicit provider, such as `azure`. */
    readonly provider: string | undefined;
  };
}

/**
 * Runs a program against mocks and gives every registration, components before their children and otherwise by name, so
 * that the list is the same in each run. The stack's own is left out. Any provider call fails the run: the program asks
 * nobody anything while it is being planned.
 *
 * @param outputsOf - what a resource has in addition to its inputs, such as the client id of an identity. @default - nothing
 */
export async function recordStack(
  program: () => unknown,
  outputsOf: (registration: Pick<Registration, "type" | "name">) => Record<string, unknown> = () => ({}),
): Promise<Registration[]> {
  const monitor = new RecordingMonitor({
    newResource: ({ type, name, inputs }) => ({
      id: `${name}-id`,
      state: { ...(inputs as Record<string, unknown>), ...outputsOf({ type, name }) },
    }),
    call: ({ token }) => {
      throw new Error(`the program called ${token}`);
    },
  });
  await pulumi.runtime.setMocks(monitor.mocks, "ameide-secrets", "test", false, "ameide");
  (runtimeState as unknown as RuntimeState).getStore().settings.monitor = monitor;
  await program();
  await pulumi.runtime.disconnect();
  return monitor.registrations.filter(({ type }) => type !== "pulumi:pulumi:Stack");
}

/** Pulumi's own state of a run; internal, so not in its types. */
interface RuntimeState {
  getStore(): { settings: { monitor: MockMonitor } };
}

/** What `pulumi.runtime.setMocks` installs drops every option: this one keeps them. */
class RecordingMonitor extends MockMonitor {
  readonly registrations: Registration[] = [];

  override async registerResource(
    request: RegisterResourceRequest,
    callback: Parameters<MockMonitor["registerResource"]>[1],
  ): Promise<void> {
    const { value, secrets } = unwrapped(request.getObject()?.toJavaScript() ?? {});
    this.registrations.push({
      type: request.getType(),
      name: request.getName(),
      inputs: value as Record<string, unknown>,
      secretInputs: secrets,
      custom: request.getCustom(),
      parent: nameOf(request.getParent()),
      options: {
        protect: request.getProtect() === true,
        retainOnDelete: request.getRetainondelete() === true,
        deleteBeforeReplace: request.getDeletebeforereplace(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        ignoreChanges: request.getIgnorechangesList(),
        dependsOn: request.getDependenciesList().map(lastPart).toSorted(),
        provider: request.getProvider() === "" ? undefined : request.getProvider().split("::")[3],
      },
    });
    return super.registerResource(request, callback);
  }
}

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** The wire's marks for secrets taken off, with the paths where they were. */
function unwrapped(wire: unknown, path = ""): { value: unknown; secrets: string[] } {
  if (typeof wire !== "object" || wire === null) return { value: wire, secrets: [] };
  if (Array.isArray(wire)) {
    const parts = wire.map((part, index) => unwrapped(part, `${path}[${index}]`));
    return { value: parts.map(({ value }) => value), secrets: parts.flatMap(({ secrets }) => secrets) };
  }
  const map = wire as Record<string, unknown>;
  if (map[signature] === secretSignature) return { value: unwrapped(map["value"], path).value, secrets: [path] };
  const parts = Object.entries(map).map(
    ([key, part]) => [key, unwrapped(part, path === "" ? key : `${path}.${key}`)] as const,
  );
  return {
    value: Object.fromEntries(parts.map(([key, { value }]) => [key, value])),
    secrets: parts.flatMap(([, { secrets }]) => secrets),
  };
}

function nameOf(urn: string): string | undefined {
  return urn === "" || urn.includes("pulumi:pulumi:Stack") ? undefined : lastPart(urn);
}

function lastPart(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}
