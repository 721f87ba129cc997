import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesSource } from "../../../domain/plan/bootstrap-plan.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { bootstrapRole } from "../../../domain/manifests/bootstrap-access.ts";
import { withConfig } from "./bootstrap-config.ts";
import type { Break } from "./break.ts";
import type { World } from "./world.ts";

/** @default - it reads Key Vault */
let restore = (): Promise<void> => Promise.resolve();

/** As on a cluster without Azure, where a Secret replaces Key Vault. */
export const bootstrapSourceBreaks = {
  "bootstrap-source-missing": {
    strike: async (world) => {
      const stack = withoutAzure(world);
      const { rules } = bootstrapRole(stack);
      const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.namespace}/roles/${stack.bootstrap.name}`;
      await world.connected.cluster.patch(role, { rules });
      restore = await withConfig(world, stack.bootstrap.config);
      await world.bootstrap();
    },
    sight: (world) => ({ stack: withoutAzure(world) }),
    fill: (world) => ({ "<file>": valuesFile(world) }),
    after: async (world) => {
      try {
        assert.deepEqual((await world.look({ stack: withoutAzure(world) })).causes, []);
      } finally {
        await restore();
        await world.connected.cluster.remove(`/api/v1/namespaces/${world.namespace}/secrets/${kubernetesSource.name}`);
        await world.bootstrap();
      }
    },
  },
} as const satisfies Readonly<Record<string, Break>>;

function withoutAzure({ connected: { stack } }: World): EnvironmentStack {
  return {
    ...stack,
    bootstrap: { ...stack.bootstrap, config: { ...stack.bootstrap.config, source: kubernetesSource } },
  };
}

/** The values of `.env`, by the names that they have in the source. */
function valuesFile({ chain, values, connected: { stack } }: World): string {
  const names = stack.plan.secrets.flatMap(({ name, keyVaultName = name }) => {
    const secret = stack.catalogue.secrets[name];
    const value = secret?.authority === "external" ? values[secret.env] : undefined;
    return value === undefined ? [] : [[keyVaultName, value]];
  });
  const file = join(chain.home.dir, "env-secrets.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(names)), { mode: 0o600 });
  return file;
}
