import { join } from "node:path";
import { containerEnvironment } from "./container-environment.ts";
import type { ContainerCommand } from "./container-process.ts";
import type { KubernetesClient } from "../../clients/kubernetes.ts";
import { withRealPaths, withVariables } from "./mount-paths.ts";
import type { Container, Pod } from "./pod.ts";
import type { PodVolumes } from "./volumes.ts";

/** The one program that this node has, as distroless Node images name it. */
const nodeInImages = "/nodejs/bin/node";
const nodeImage = /(^|\/)distroless\/nodejs\d+(-[a-z0-9]+)?[:@]/;

/** The command line inside the image, or `undefined` for an image that this node cannot run. */
export function commandInImage({ command, args = [], image = "" }: Container): readonly string[] | undefined {
  const entryPoint = command ?? (nodeImage.test(image) ? [nodeInImages] : []);
  return entryPoint[0] === nodeInImages ? [...entryPoint, ...args] : undefined;
}

/**
 * What to start on this machine: the image's Node is the given one, mount paths are where the volumes lie.
 *
 * @param dir - the container's own folder.
 * @throws NotYet if its environment names something that is absent.
 */
export async function commandOnThisMachine(
  api: KubernetesClient,
  pod: Pod,
  container: Container,
  { volumes, dir, nodeBinary }: { readonly volumes: PodVolumes; readonly dir: string; readonly nodeBinary: string },
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
    argv: [nodeBinary, ...args.map((text) => withRealPaths(withVariables(text, environment), mounts))],
    environment,
    workingDir: work !== undefined && work !== container.workingDir ? work : join(dir, "work"),
    terminationFile,
  };
}
