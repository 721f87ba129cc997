import { join } from "node:path";
import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { NotYet, podField, readData } from "./cluster-data.ts";
import type { ContainerCommand } from "./container-process.ts";
import type { Container, EnvironmentVariable, Pod } from "./pod.ts";
import type { PodVolumes } from "./volumes.ts";

/** The one program that this node runs, by its name in distroless Node images. */
const nodeInImages = "/nodejs/bin/node";
const nodeImage = /(^|\/)distroless\/nodejs\d+(-[a-z0-9]+)?[:@]/;

/** @returns `undefined` for an image that this node cannot run. */
export function commandInImage({ command, args = [], image = "" }: Container): readonly string[] | undefined {
  const entryPoint = command ?? (nodeImage.test(image) ? [nodeInImages] : []);
  return entryPoint[0] === nodeInImages ? [...entryPoint, ...args] : undefined;
}

/** @param dir - the container's folder. @throws NotYet if its environment refers to a missing object. */
export async function commandOnThisMachine(
  api: KubernetesClient,
  pod: Pod,
  container: Container,
  { volumes, dir }: { readonly volumes: PodVolumes; readonly dir: string },
): Promise<ContainerCommand> {
  const terminationFile = join(dir, "termination-log");
  const mounts = new Map([
    [container.terminationMessagePath ?? "/dev/termination-log", terminationFile],
    ...volumes.mountsOf(container),
  ]);
  const environment = await containerEnvironment(api, pod, container, mounts);
  const [, ...args] = commandInImage(container) ?? [];
  const work = container.workingDir === undefined ? undefined : withRealPaths(container.workingDir, mounts);
  return {
    argv: [process.execPath, ...args.map((text) => withRealPaths(withVariables(text, environment), mounts))],
    environment,
    workingDir: work !== undefined && work !== container.workingDir ? work : join(dir, "work"),
    terminationFile,
  };
}

const imageEnvironment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/**
 * The environment as a kubelet composes it, without service links and without variables of this process.
 *
 * @throws NotYet if a Secret, ConfigMap or key that is not optional is absent.
 */
async function containerEnvironment(
  api: KubernetesClient,
  pod: Pod,
  container: Container,
  mounts: MountPaths,
): Promise<Readonly<Record<string, string>>> {
  const server = new URL(api.address);
  const environment: Record<string, string> = {
    ...imageEnvironment,
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
    KUBERNETES_SERVICE_HOST: server.hostname,
    KUBERNETES_SERVICE_PORT: server.port || "443",
    KUBERNETES_SERVICE_PORT_HTTPS: server.port || "443",
  };
  const { namespace } = pod.metadata;
  for (const { prefix = "", secretRef, configMapRef } of container.envFrom ?? []) {
    const kind = secretRef === undefined ? "configmap" : "secret";
    const data = await readData(api, namespace, { kind, ...(secretRef ?? configMapRef) });
    for (const [key, value] of data ?? []) environment[`${prefix}${key}`] = value.toString("utf8");
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(api, pod, variable, environment);
    if (value !== undefined) environment[variable.name] = value;
  }
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withRealPaths(value, mounts)]));
}

async function valueOf(
  api: KubernetesClient,
  pod: Pod,
  { name, value, valueFrom }: EnvironmentVariable,
  known: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (valueFrom === undefined) return withVariables(value ?? "", known);
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef !== undefined) return podField(pod, fieldRef.fieldPath);
  const reference = secretKeyRef ?? configMapKeyRef;
  if (reference === undefined) throw new NotYet(`variable ${name} asks for a source that this node does not have`);
  const { namespace } = pod.metadata;
  const kind = secretKeyRef === undefined ? "configmap" : "secret";
  const found = (await readData(api, namespace, { kind, ...reference }))?.get(reference.key)?.toString("utf8");
  if (found !== undefined || reference.optional === true) return found;
  const title = secretKeyRef === undefined ? "ConfigMap" : "Secret";
  throw new NotYet(`couldn't find key ${reference.key} in ${title} ${namespace}/${reference.name ?? ""}`);
}

/** Path in the container -> path on this machine. */
export type MountPaths = ReadonlyMap<string, string>;

/**
 * Replaces mount paths, since there are no mount namespaces here. Only whole paths match (`/opt/a` leaves `/opt/ab` and
 * `/x/opt/a` unchanged), the longest mount first.
 */
export function withRealPaths(text: string, mounts: MountPaths): string {
  if (mounts.size === 0) return text;
  const longestFirst = [...mounts.keys()].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w./-])(${longestFirst.map(escaped).join("|")})(?![\\w.-])`, "g");
  return text.replace(pattern, (path) => mounts.get(path) ?? path);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** @see https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name?: string) => {
    if (match === "$$") return "$";
    return name === undefined || variables[name] === undefined ? match : variables[name];
  });
}
