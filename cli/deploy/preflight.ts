import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { KubernetesError, type Cluster } from "../../clients/kubernetes.ts";
import { bootstrapRole, deliveryAccess } from "../../domain/manifests/bootstrap-access.ts";
import { tokenReviewBinding } from "../../domain/manifests/secret-store.ts";

/** Admission policies are stable from here on (kubernetes.io/docs: ValidatingAdmissionPolicy, v1 in 1.30). */
const oldestKubernetesMinor = 30;

/**
 * Everything that `up` needs of the cluster, looked at together; nothing is changed.
 *
 * @param writes - whether the rights to change it are asked for; who only previews may be one who only reads.
 * @param more - other checks to report in the same pass. @default - none
 * @throws UserError with all of it.
 */
export async function preflightCluster(
  cluster: Cluster,
  stack: EnvironmentStack,
  writes: boolean,
  more: readonly Promise<Finding | readonly Finding[] | undefined>[] = [],
): Promise<void> {
  const namespaces = [...new Set(stack.plan.stores.map((store) => store.namespace))];
  const looks = [
    kubernetesVersion(cluster),
    externalSecretsApi(cluster),
    ...namespaces.map((name) => namespace(cluster, stack, name)),
    ...(writes ? lacksOfRights(cluster, stack) : []),
  ].map((look) => look.catch((error: unknown) => mayNotLook(cluster, error)));
  const findings = (await Promise.all([...looks, ...more])).flat().filter((finding) => finding !== undefined);
  if (findings.length > 0) throw UserError.from(findings);
}

/**
 * Where state may be stored and what encrypts it. A file or a passphrase on one machine is lost with it, or shared by mail.
 *
 * @param whoami - URL of the backend, as `pulumi whoami --verbose` prints it.
 * @throws UserError outside `local` for a file backend or a passphrase.
 */
export function refuseWeakState(options: {
  readonly stack: string;
  readonly root: string;
  readonly backendUrl: string;
}): void {
  const { stack, root, backendUrl } = options;
  const findings: Finding[] = [];
  if (backendUrl.startsWith("file:")) {
    findings.push({
      code: "state-on-one-machine",
      stage: "key-vault",
      severity: "error",
      subject: stack,
      problem: `the state of stack ${stack} would be stored on this machine (${backendUrl})`,
      fix: "pulumi login, or pulumi login azblob://<container>?storage_account=<account> on a versioned container",
    });
  }
  const provider = secretsProviderOf(root, stack);
  const cloud = backendUrl.startsWith("https:");
  if (provider === "passphrase" || (provider === undefined && !cloud)) {
    findings.push({
      code: "state-passphrase",
      stage: "key-vault",
      severity: "error",
      subject: stack,
      problem: `the state of stack ${stack} would be encrypted by a passphrase`,
      fix: `set secretsprovider: azurekeyvault://<vault>.vault.azure.net/keys/<key> in Pulumi.${stack}.yaml, a key that this program does not manage; a stack that exists already also needs: pulumi stack change-secrets-provider "azurekeyvault://<vault>.vault.azure.net/keys/<key>" --stack ${stack}`,
    });
  }
  if (findings.length > 0) throw UserError.from(findings);
}

/** Stand-ins of providers are for `local` and `--offline` alone. @throws UserError when the environment names any. */
export function refuseDebugProviders(stack: string): void {
  if (process.env["PULUMI_DEBUG_PROVIDERS"] === undefined) return;
  throw UserError.of(
    "debug-providers",
    `PULUMI_DEBUG_PROVIDERS is set: stack ${stack} would run against stand-ins and record their answers in its state`,
    "unset PULUMI_DEBUG_PROVIDERS",
  );
}

/** What encrypts the stack's state, as its file names it. */
export function secretsProviderOf(root: string, stack: string): string | undefined {
  const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { secretsprovider?: string } | null;
  return file?.secretsprovider;
}

async function kubernetesVersion(cluster: Cluster): Promise<Finding | undefined> {
  const { major, minor } = await cluster.get<{ major: string; minor: string }>("/version");
  const found = Number.parseInt(minor, 10);
  if (Number(major) > 1 || found >= oldestKubernetesMinor) return undefined;
  return finding(
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
  return finding(
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
  return finding(
    "namespace-missing",
    "secret-store",
    name,
    `the namespace ${name} does not exist, and this program does not create namespaces`,
    `create it where you create your namespaces, or remove ${name} from the stack file`,
  );
}

/** What the caller may not even read is one finding among the others. */
function mayNotLook(cluster: Cluster, error: unknown): Finding {
  if (!(error instanceof KubernetesError) || error.status !== 403) throw error;
  return finding(
    "right-missing",
    "bootstrap",
    cluster.context,
    `the API server refuses your login: ${error.message}`,
    `get the right; this shows your login: kubectl --context ${cluster.context} auth whoami`,
  );
}

function finding(code: string, stage: Finding["stage"], subject: string, problem: string, fix: string): Finding {
  return { code, stage, severity: "error", subject, problem, fix };
}

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
  const grants: readonly (readonly [path: string, object: object])[] = [
    [`/apis/${rbacGroup}/v1/namespaces/${namespace}/roles`, bootstrapRole(stack)],
    ...deliveryAccess(stack).map(
      ({ namespace: where, role }) => [`/apis/${rbacGroup}/v1/namespaces/${where}/roles`, role] as const,
    ),
    [`/apis/${rbacGroup}/v1/clusterrolebindings`, tokenReviewBinding(stack)],
  ];
  return [
    ...rights(stack).map((right) => lackOf(cluster, right)),
    ...grants.map(([path, object]) => lackOfGrant(cluster, path, object)),
  ];
}

/** What the update does with the cluster, as rights of the caller. */
function rights({ namespace: own, plan, strictness, bootstrap }: EnvironmentStack): readonly Right[] {
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
    ...[...new Set([own, ...bootstrap.config.deliveries.map(({ namespace }) => namespace)])].flatMap((where) =>
      both(rbacGroup, ["roles", "rolebindings"], where),
    ),
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
  return rightMissing(
    what,
    `you are not allowed to ${what}${where === undefined ? " in the cluster" : ` in ${where}`}`,
    `get the right; check it with: kubectl --context ${cluster.context} auth can-i ${verb} ${resource}${where === undefined ? "" : ` -n ${where}`}`,
  );
}

/** Who may make roles may still not grant what he lacks himself; only the API server knows, so it is asked by a dry run. */
async function lackOfGrant(cluster: Cluster, path: string, object: object): Promise<Finding | undefined> {
  try {
    await cluster.create(`${path}?dryRun=All`, object);
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
  return { code: "right-missing", stage: "bootstrap", severity: "error", subject, problem, fix };
}
