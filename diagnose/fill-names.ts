import type { Cause } from "./causes.ts";
import type { Expectation, Sighting } from "./explain/view.ts";

type PrintedCause = Omit<Cause, "aliases">;

export function fillCause(
  cause: PrintedCause,
  expected: Expectation,
  about: Pick<Sighting, "name" | "namespace" | "fix"> | undefined,
): Omit<PrintedCause, "fixInLocal"> {
  const fill = (text: string): string => withNames(text, expected, about);
  const { fixInLocal, seed: byHand, ...printed } = cause;
  // in `local` Vault runs in no pod, so there is none to execute anything in
  const seed =
    expected.name === "local" && byHand?.some((line) => line.startsWith("kubectl exec")) === true ? undefined : byHand;
  return {
    ...printed,
    fix: fill(about?.fix ?? (expected.name === "local" ? (fixInLocal ?? cause.fix) : cause.fix)),
    ...(seed === undefined ? {} : { seed: seed.map(fill) }),
  };
}

/** Commands that change what others share, each to its end: whoever pastes several must not be stopped at the first. */
const changing = /ameide-secrets (?:up|resync|bootstrap run|env push|rotate) [^&]*[^& ]/g;

/** A repair with this place's names in it; a hole that it cannot fill stays for the reader. */
export function withNames(text: string, expected: Expectation, about?: Pick<Sighting, "name" | "namespace">): string {
  const { namespace, cluster, azure, vault } = expected;
  const names: Readonly<Record<string, string | undefined>> = {
    "<stack>": expected.name,
    "<namespace>": about?.namespace ?? namespace,
    "<context>": cluster.context,
    "<key-vault>": azure.keyVault,
    "<identity>": azure.identity,
    "<resource-group>": azure.resourceGroup,
    "<tenant>": azure.tenantId,
    "<vault>": vault.statefulSet.name,
    "<auth-mount>": vault.authMount,
    "<name>": about?.name,
  };
  const { kubeconfig } = cluster;
  const located = kubeconfig === undefined ? text : text.replaceAll("kubectl --context", `kubectl --kubeconfig ${quoted(kubeconfig)} --context`); // prettier-ignore
  const filled = located.replace(/<[a-z-]+>/g, (hole) => names[hole] ?? hole);
  if (expected.name !== "local") return filled.replaceAll(changing, "$& --yes");
  // `local` is all stacks in one
  return filled
    .replaceAll(/ameide-secrets up( --refresh)? --stack (?:local|shared)/g, "ameide-secrets local up$1")
    .replaceAll("env push --stack shared", "env push --stack local");
}

/** For a shell, where it is needed. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
