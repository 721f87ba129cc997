import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { errorFinding, errorsOf, type Finding } from "../../domain/finding.ts";
import { throwErrors } from "../../domain/user-error.ts";
import { KubernetesError, type Cluster } from "../../clients/kubernetes.ts";
import { bootstrapRole, deliveryAccess } from "../../domain/manifests/bootstrap-access.ts";
import { tokenReviewBinding } from "../../domain/manifests/secret-store.ts";
import { judgePlan } from "../../policies/guard.ts";
import { findForeign } from "./ownership/ownership.ts";

/** Admission policies are stable from here on (kubernetes.io/docs: ValidatingAdmissionPolicy, v1 in 1.30). */
const oldestKubernetesMinor = 30;

/**
 * Checks what `up` needs of the cluster, and changes nothing; a preview needs no rights to write. Findings of `more`
 * are reported in the same pass.
 *
 * @throws UserError with everything that is missing.
 */
export async function preflightCluster(
  cluster: Cluster,
  stack: EnvironmentStack,
  writes: boolean,
  more: readonly Promise<Finding | readonly Finding[] | undefined>[] = [],
): Promise<void> {
  const namespaces = [...new Set(stack.plan.stores.map((store) => store.namespace))];
  const checks = [
    kubernetesVersion(cluster),
    externalSecretsApi(cluster),
    ...namespaces.map((name) => namespace(cluster, stack, name)),
    ...(writes ? missingRights(cluster, stack) : []),
  ].map((check) => check.catch((error: unknown) => mayNotRead(cluster, error)));
  throwErrors((await Promise.all([...checks, ...more])).flat().filter((finding) => finding !== undefined));
}

/** What the rules refuse of a plan: the pack sees only what Pulumi registers, and ArgoCD judges nothing that it applies. */
export function judgeRendered(plan: EnvironmentStack): readonly Finding[] {
  return errorsOf(judgePlan(plan, plan.catalogue));
}

/** Judges what `render` writes, by the rules and against the live cluster. @throws UserError with all that is wrong. */
export async function checkRendered(plan: EnvironmentStack, cluster: Cluster): Promise<void> {
  const stack: EnvironmentStack = { ...plan, strictness: { ...plan.strictness, delivery: "gitops" } };
  const findings = [Promise.resolve(judgeRendered(stack)), findForeign([], stack, { cluster })];
  await preflightCluster(cluster, stack, false, findings);
}

async function kubernetesVersion(cluster: Cluster): Promise<Finding | undefined> {
  const { major, minor } = await cluster.get<{ major: string; minor: string }>("/version");
  const found = Number.parseInt(minor, 10);
  if (Number(major) > 1 || found >= oldestKubernetesMinor) return undefined;
  return errorFinding(
    "kubernetes-too-old",
    "bootstrap",
    cluster.context,
    `the cluster runs Kubernetes ${major}.${minor}; admission policies need 1.${oldestKubernetesMinor}`,
    "upgrade the cluster: az aks upgrade",
  );
}

async function externalSecretsApi(cluster: Cluster): Promise<Finding | undefined> {
  interface Crd {
    readonly spec: { readonly versions: readonly { readonly name: string; readonly served: boolean }[] };
  }
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/externalsecrets.external-secrets.io";
  const crd = await cluster.find<Crd>(path);
  const served = crd?.spec.versions.filter((version) => version.served).map(({ name }) => name) ?? [];
  if (served.includes("v1")) return undefined;
  const what =
    crd === undefined
      ? "the cluster does not have the ExternalSecret CRD"
      : `the cluster serves external-secrets.io/${served.join(", ")}, not v1`;
  return errorFinding(
    "external-secrets-crd",
    "external-secret",
    "externalsecrets.external-secrets.io",
    what,
    "install External Secrets Operator 0.17 or newer with its CRDs",
  );
}

async function namespace(
  cluster: Cluster,
  { strictness }: EnvironmentStack,
  name: string,
): Promise<Finding | undefined> {
  if (strictness.makesNamespaces || (await cluster.find(`/api/v1/namespaces/${name}`)) !== undefined) return undefined;
  return errorFinding(
    "namespace-missing",
    "secret-store",
    name,
    `the namespace ${name} does not exist, and this program does not create namespaces`,
    `create it where you create your namespaces, or remove ${name} from the stack file`,
  );
}

/** What the caller may not even read is one finding among the others. */
function mayNotRead(cluster: Cluster, error: unknown): Finding {
  if (!(error instanceof KubernetesError) || error.status !== 403) throw error;
  return rightMissing(
    cluster.context,
    `the API server refuses your login: ${error.message}`,
    `get the right; this shows your login: kubectl --context ${cluster.context} auth whoami`,
  );
}

const rbacGroup = "rbac.authorization.k8s.io";

interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** `undefined` for what has no namespace. */
  readonly namespace: string | undefined;
}

/** A check of each right that an update needs; none where ArgoCD applies the objects. */
function missingRights(cluster: Cluster, stack: EnvironmentStack): readonly Promise<Finding | undefined>[] {
  if (stack.strictness.delivery === "gitops") return [];
  const { namespace } = stack;
  const grants: readonly (readonly [path: string, object: object])[] = [
    [`/apis/${rbacGroup}/v1/namespaces/${namespace}/roles`, bootstrapRole(stack)],
    ...deliveryAccess(stack).map(
      ({ namespace: where, role }) => [`/apis/${rbacGroup}/v1/namespaces/${where}/roles`, role] as const,
    ),
    [`/apis/${rbacGroup}/v1/clusterrolebindings`, tokenReviewBinding(stack)],
  ];
  return [
    ...rights(stack).map((right) => missingRight(cluster, right)),
    ...grants.map(([path, object]) => missingGrant(cluster, path, object)),
  ];
}

function rights({ namespace: own, plan, strictness, bootstrap }: EnvironmentStack): readonly Right[] {
  const both = (group: string, resources: readonly string[], namespace?: string): readonly Right[] =>
    resources.flatMap((resource) => ["create", "patch"].map((verb) => ({ verb, group, resource, namespace })));
  const admission = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"];
  return [
    ...both("", ["serviceaccounts", "configmaps"], own),
    ...both("batch", ["cronjobs", "jobs"], own),
    ...[...new Set([own, ...bootstrap.config.deliveries.map(({ namespace }) => namespace)])].flatMap((namespace) =>
      both(rbacGroup, ["roles", "rolebindings"], namespace),
    ),
    ...plan.stores.flatMap(({ namespace }) => [
      ...both("external-secrets.io", ["secretstores", "externalsecrets"], namespace),
      ...(namespace === own ? [] : both("", ["serviceaccounts"], namespace)),
    ]),
    ...both(rbacGroup, ["clusterrolebindings"]),
    ...(strictness.admission === "off" ? [] : both("admissionregistration.k8s.io", admission)),
  ];
}

async function missingRight(cluster: Cluster, right: Right): Promise<Finding | undefined> {
  const { status } = await cluster.create<{ status?: { allowed?: boolean } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: right },
    },
  );
  if (status?.allowed === true) return undefined;
  const { verb, group, resource, namespace } = right;
  const what = `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
  const [where, option] = namespace === undefined ? ["the cluster", ""] : [namespace, ` -n ${namespace}`];
  return rightMissing(
    what,
    `you are not allowed to ${what} in ${where}`,
    `get the right; check it with: kubectl --context ${cluster.context} auth can-i ${verb} ${resource}${option}`,
  );
}

/** You can be allowed to create roles and not to grant a right that you lack; only the API server knows: this is a dry run. */
async function missingGrant(cluster: Cluster, path: string, object: object): Promise<Finding | undefined> {
  try {
    await cluster.create(path, object, { dryRun: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubernetesError) || !error.message.includes("not currently held")) return undefined;
    return rightMissing(
      path.split("/").at(-1) ?? path,
      `you are allowed to create ${path.split("/").at(-1)}, but not to grant the rights in this one: ${error.message.replaceAll(/\s+/g, " ")}`,
      `get the same rights, or the verbs escalate and bind on roles and clusterroles`,
    );
  }
}

function rightMissing(subject: string, problem: string, fix: string): Finding {
  return errorFinding("right-missing", "bootstrap", subject, problem, fix);
}
