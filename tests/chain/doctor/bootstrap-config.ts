import type { BootstrapConfig } from "../../../domain/bootstrap-config.ts";
import { bootstrapConfigMap } from "../../../domain/manifests/bootstrap.ts";
import { patchPod } from "./bootstrap.ts";
import type { World } from "./world.ts";

const name = "vault-bootstrap-changed";

/** Has vault-bootstrap read another configuration than the stack's. @returns gives it the stack's again. */
export async function withConfig(world: World, config: BootstrapConfig): Promise<() => Promise<void>> {
  const made = bootstrapConfigMap(world.connected.stack);
  const maps = `/api/v1/namespaces/${world.namespace}/configmaps`;
  const data = { ...made.data, "config.json": JSON.stringify(config) };
  // a test that failed in between may have left one
  if ((await world.connected.cluster.find(`${maps}/${name}`)) !== undefined)
    await world.connected.cluster.remove(`${maps}/${name}`);
  await world.connected.cluster.create(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
  await mount(world, name);
  return async () => {
    await mount(world, made.metadata.name);
    await world.connected.cluster.remove(`${maps}/${name}`);
  };
}

function mount(world: World, configMap: string): Promise<void> {
  return patchPod(world, ({ volumes }) => ({
    volumes: volumes.map((one) => (one.configMap === undefined ? one : { ...one, configMap: { ...one.configMap, name: configMap } })), // prettier-ignore
  }));
}
