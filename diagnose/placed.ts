import type { Cause } from "./cause.ts";
import type { Expectation, Sighting } from "./explain/view.ts";

type Told = Omit<Cause, "aliases">;

/** The cause with this place's names in its commands. */
export function placed(
  cause: Told,
  expected: Expectation,
  about: Pick<Sighting, "name" | "namespace"> | undefined,
): Omit<Told, "fixInLocal"> {
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
    // `local` is all stacks in one
    return expected.name === "local"
      ? filled
          .replaceAll(/ameide-secrets up( --refresh)? --stack (?:local|shared)/g, "ameide-secrets local up$1")
          .replaceAll("env push --stack shared", "env push --stack local")
      : filled;
  };
  const { fixInLocal, ...told } = cause;
  return {
    ...told,
    fix: fill(expected.name === "local" ? (fixInLocal ?? cause.fix) : cause.fix),
    ...(cause.seed === undefined ? {} : { seed: cause.seed.map(fill) }),
  };
}
