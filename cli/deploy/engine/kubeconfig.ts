import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ExportedDeployment } from "../../../domain/plan/update-check.ts";
import type { StackPlan } from "../../../domain/plan/environment.ts";
import type { Finding } from "../../../domain/finding.ts";

/** The kubeconfig that the last update of a stack used; `undefined` if it took the machine's own, or there was none. */
export function formerKubeconfig({ resources = [] }: ExportedDeployment): string | undefined {
  const providers = resources.filter(
    ({ type, delete: pending }) => type === "pulumi:providers:kubernetes" && pending !== true,
  );
  const path = providers.at(-1)?.inputs?.["kubeconfig"];
  return typeof path === "string" && path !== "" && !path.includes("\n") ? path : undefined;
}

/**
 * The Kubernetes provider reads the former kubeconfig to compare it with another one, and fails if it is gone: "failed to
 * parse kubeconfig". The same path is never read.
 */
export function goneKubeconfig(state: ExportedDeployment, plan: StackPlan): readonly Finding[] {
  const former = formerKubeconfig(state);
  if (plan.kind === "shared" || former === undefined || former === plan.cluster.kubeconfig) return [];
  const path = former.startsWith("~/") ? join(homedir(), former.slice(2)) : former;
  if (existsSync(path)) return [];
  const own = plan.cluster.kubeconfig ?? "${KUBECONFIG:-$HOME/.kube/config}";
  return [
    {
      code: "kubeconfig-gone",
      stage: "external-secret",
      severity: "error",
      subject: former,
      problem: `the last update used the kubeconfig ${former}, which does not exist here; the Kubernetes provider must read it to compare it with the new one`,
      fix: `mkdir -p ${dirname(former)} && cp ${own} ${former}; you can delete the copy after the next update`,
    },
  ];
}
