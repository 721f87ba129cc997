import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Finding } from "../../domain/finding.ts";
import { bootstrapRole } from "../../domain/manifests/bootstrap-access.ts";
import { tokenReviewBinding } from "../../domain/manifests/token-review.ts";
import { KubernetesError, type Cluster } from "../../clients/kubernetes.ts";

const rbacGroup = "rbac.authorization.k8s.io";

interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Left out for what has no namespace. */
  readonly namespace?: string;
}

/** Each right that an update needs and the caller lacks, looked at side by side; none where ArgoCD applies the objects. */
export function lacksOfRights(cluster: Cluster, stack: EnvironmentStack): readonly Promise<Finding | undefined>[] {
  if (stack.strictness.delivery === "gitops") return [];
  const { namespace } = stack;
  const grants: readonly [path: string, object: object][] = [
    [`/apis/${rbacGroup}/v1/namespaces/${namespace}/roles`, bootstrapRole(stack)],
    [`/apis/${rbacGroup}/v1/clusterrolebindings`, tokenReviewBinding(stack)],
  ];
  return [
    ...rights(stack).map((right) => lackOf(cluster, right)),
    ...grants.map(([path, object]) => lackOfGrant(cluster, path, object)),
  ];
}

/** What the update does with the cluster, as rights of the caller. */
function rights({ namespace: own, plan, strictness }: EnvironmentStack): readonly Right[] {
  const both = (group: string, resources: readonly string[], where?: string): readonly Right[] =>
    resources.flatMap((resource) =>
      ["create", "patch"].map((verb) => ({
        verb,
        group,
        resource,
        ...(where === undefined ? {} : { namespace: where }),
      })),
    );
  const admission = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"];
  return [
    ...both("", ["serviceaccounts", "configmaps"], own),
    ...both("batch", ["cronjobs", "jobs"], own),
    ...both(rbacGroup, ["roles", "rolebindings"], own),
    ...plan.stores.flatMap(({ namespace }) => [
      ...both("external-secrets.io", ["secretstores", "externalsecrets"], namespace),
      ...(namespace === own ? [] : both("", ["serviceaccounts"], namespace)),
    ]),
    ...both(rbacGroup, ["clusterrolebindings"]),
    ...(strictness.admission === "off" ? [] : both("admissionregistration.k8s.io", admission)),
  ];
}

async function lackOf(
  cluster: Cluster,
  { verb, group, resource, namespace: where }: Right,
): Promise<Finding | undefined> {
  const review = await cluster.create<{ status?: { allowed?: boolean } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource, ...(where === undefined ? {} : { namespace: where }) } },
    },
  );
  if (review.status?.allowed === true) return undefined;
  const what = `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
  return finding(
    what,
    `you may not ${what}${where === undefined ? " in the cluster" : ` in ${where}`}`,
    `ask for the right; look with: kubectl --context ${cluster.context} auth can-i ${verb} ${resource}${where === undefined ? "" : ` -n ${where}`}`,
  );
}

/** Who may make roles may still not grant what he lacks himself; only the API server knows, so it is asked by a dry run. */
async function lackOfGrant(cluster: Cluster, path: string, object: object): Promise<Finding | undefined> {
  try {
    await cluster.create(`${path}?dryRun=All`, object);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubernetesError) || !error.message.includes("not currently held")) return undefined;
    return finding(
      path.split("/").at(-1) ?? path,
      `you may make ${path.split("/").at(-1)}, but not grant what this one holds: ${error.message.replaceAll(/\s+/g, " ")}`,
      `ask for the same rights, or for the verb escalate on roles and bind on clusterroles`,
    );
  }
}

function finding(subject: string, problem: string, fix: string): Finding {
  return { code: "right-missing", stage: "bootstrap", severity: "error", subject, problem, fix };
}
