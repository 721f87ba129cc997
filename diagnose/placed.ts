import type { Cause } from "./cause.ts";
import type { Expectation, Sighting } from "./explain/view.ts";

type Placed = Omit<Cause, "aliases">;

/** The cause with this place's names in its commands. */
export function placed(
  cause: Placed,
  expected: Expectation,
  about: Pick<Sighting, "name" | "namespace"> | undefined,
): Placed {
  const { namespace, cluster, azure, vault } = expected;
  const names: Readonly<Record<string, string | undefined>> = {
    "<stack>": expected.name,
    "<namespace>": about?.namespace ?? namespace,
    "<context>": cluster.context,
    "<key-vault>": azure.keyVault,
    "<identity>": azure.identity,
    "<resource-group>": azure.resourceGroup,
    "<tenant>": azure.tenantId,
    "<vault>": vault.serviceAccount.name,
    "<auth-mount>": vault.authMount,
    "<name>": about?.name,
  };
  const fill = (text: string): string => {
    const filled = text.replace(/<[a-z-]+>/g, (hole) => names[hole] ?? hole);
    // `local` is all stacks in one, and its values come with it
    return expected.name === "local"
      ? filled.replaceAll(
          /ameide-secrets (?:up|env push)( --refresh)? --stack (?:local|shared)/g,
          "ameide-secrets local up$1",
        )
      : filled;
  };
  return {
    ...cause,
    fix: fill(cause.fix),
    ...(cause.seed === undefined ? {} : { seed: cause.seed.map(fill) }),
  };
}
