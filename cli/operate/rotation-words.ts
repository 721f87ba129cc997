import type { Expectation } from "../../diagnose/explain/view.ts";
import { withNames } from "../../diagnose/placed.ts";
import type { RotationReport, RotationStep } from "../../diagnose/rotation.ts";
import { table } from "../table.ts";

/** What is under way for a hop, and that it is done; both are said as they happen. */
export const rotationWords: Readonly<Record<RotationStep, { readonly doing: string; readonly done: string }>> = {
  "key-vault": { doing: "writing the value to Key Vault", done: "Key Vault holds the value" },
  vault: { doing: "running vault-bootstrap", done: "Vault holds the value" },
  "external-secret": {
    doing: "having External Secrets look again",
    done: "every Kubernetes Secret holds the value",
  },
  pods: {
    doing: "waiting for pods to restart",
    done: "no pod runs with the former value, but for those that a person restarts",
  },
};

/** What `rotate` prints in the end: the answer, when each hop held the value, and what is left to do as commands. */
export function formatRotation(
  { name, reached, restarts, follows, stuckAt }: RotationReport,
  stack: Expectation,
): string {
  const answer =
    stuckAt === undefined
      ? `${stack.name}: ${name} is the same at every hop${restarts.length === 0 ? "" : `; ${restarts.length} to restart`}`
      : `${stack.name}: ${name} is stuck at ${stuckAt.step}: ${stuckAt.waitingFor.join(", ")}`;
  return [
    answer,
    ...(reached.length === 0
      ? []
      : [
          table(
            ["HOP", "AT"],
            reached.map(({ step, at }) => [step, at]),
          ),
        ]),
    ...restarts.map((workload) => `restart it: ${restartOf(workload, stack)}`),
    ...follows.map((workload) => `reads it from a file, within two minutes: ${workload}`),
    ...(stuckAt === undefined ? [] : [`  fix: ameide-secrets doctor --stack ${stack.name}`]),
  ].join("\n");
}

const restartable = /^(?<namespace>\S+) (?<name>(?:Deployment|StatefulSet|DaemonSet)\/\S+)$/;

/** `ameide-dev Deployment/langfuse` as a command; what no command restarts, such as a Job, as it is called. */
function restartOf(workload: string, stack: Expectation): string {
  const { namespace, name } = restartable.exec(workload)?.groups ?? {};
  if (namespace === undefined || name === undefined) return workload;
  const command = "kubectl --context <context> -n <namespace> rollout restart <name>";
  return withNames(command, stack, { namespace, name: name.toLowerCase() });
}
