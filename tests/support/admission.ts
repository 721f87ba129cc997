import { setTimeout as sleep } from "node:timers/promises";
import { openCluster } from "../../clients/kubeconfig.ts";
import { KubernetesError, type Cluster } from "../../clients/kubernetes.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { admissionGuards } from "../../domain/manifests/admission.ts";
import type { EnvironmentStack, Strictness } from "../../domain/plan/environment.ts";
import type { EnvironmentName } from "../../domain/stage.ts";
import { applyCrds } from "../../local/servers/cluster-objects.ts";
import { useServers, type TestServers } from "./servers.ts";
import { environmentStack } from "./stacks.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";

/** Where the API server keeps a resource of External Secrets; without a namespace, a resource of the cluster. */
export function resourcePath(resource: string, namespace?: string): string {
  const version = resource === "pushsecrets" ? "v1alpha1" : "v1";
  const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `/apis/external-secrets.io/${version}${place}/${resource}`;
}

export interface TestAdmission {
  readonly cluster: Cluster;
  readonly servers: TestServers;
  /** Puts the policies in place, and waits until the API server enforces them. */
  readonly hold: (stage: "audit" | "warn" | "deny", catalogue: Catalogue) => Promise<void>;
  /** What the API server says against an object; `undefined` where it would accept it. Nothing is stored. */
  readonly refusal: (object: object, path: string) => Promise<string | undefined>;
  readonly stackIn: (stage: Strictness["admission"], catalogue: Catalogue) => EnvironmentStack;
}

/** A real API server with External Secrets' definitions and the namespaces of an environment. Call it in a `describe`. */
export function useAdmission(environment: EnvironmentName, canary: object): () => TestAdmission {
  const servers = useServers(["kube-apiserver"]);
  let made: TestAdmission | undefined;

  before(async () => {
    await applyCrds(servers().home, servers().binaries);
    const cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: "ameide-local" });
    for (const name of [`ameide-${environment}`, "argocd", "elsewhere"]) {
      await cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    made = { cluster, servers: servers(), stackIn, hold, refusal };

    async function hold(stage: "audit" | "warn" | "deny", catalogue: Catalogue): Promise<void> {
      // the policy that the canary asks about comes last
      for (const { policy, binding } of admissionGuards(stackIn(stage, catalogue)).toReversed()) {
        await put(cluster, "validatingadmissionpolicies", policy);
        await put(cluster, "validatingadmissionpolicybindings", binding);
      }
      const path = resourcePath("externalsecrets", `ameide-${environment}`);
      const limit = Date.now() + 20_000;
      while (((await refusal(canary, path)) === undefined) === (stage === "deny")) {
        if (Date.now() > limit) throw new Error(`the API server does not enforce ${stage} after 20 s`);
        await sleep(200);
      }
    }

    async function refusal(object: object, path: string): Promise<string | undefined> {
      try {
        await cluster.create(`${path}?dryRun=All`, object);
        return undefined;
      } catch (error) {
        if (error instanceof KubernetesError) return error.message.replace(/^.*denied request: /s, "");
        throw error;
      }
    }
  });

  function stackIn(stage: Strictness["admission"], catalogue: Catalogue): EnvironmentStack {
    const stack = environmentStack(environment, {}, { catalogue });
    return { ...stack, strictness: { ...stack.strictness, admission: stage } };
  }

  return () => {
    if (made === undefined) throw new Error("the API server runs from `before` on, not while the suite is described");
    return made;
  };
}

async function put(
  cluster: Cluster,
  resource: string,
  object: { readonly metadata: { readonly name: string }; readonly spec: object },
): Promise<void> {
  const path = `${admission}/${resource}`;
  const { name } = object.metadata;
  if ((await cluster.find(`${path}/${name}`)) === undefined) await cluster.create(path, object);
  else await cluster.patch(`${path}/${name}`, { spec: object.spec });
}

/** Adds to a definition what a newer External Secrets has: the API server drops whatever a definition lacks. */
export async function defineFields(
  cluster: Cluster,
  resource: string,
  fields: Readonly<Record<string, object>>,
): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${resource}.external-secrets.io`;
  const { spec } = await cluster.get<{
    readonly spec: { readonly versions: { schema: { openAPIV3Schema: Schema } }[] };
  }>(path);
  for (const { schema } of spec.versions) {
    for (const [field, definition] of Object.entries(fields)) {
      const keys = ["spec", ...field.split(".")];
      const last = keys.pop() ?? "";
      const parent = keys.reduce((here, key) => here.properties?.[key] ?? {}, schema.openAPIV3Schema);
      parent.properties = { ...parent.properties, [last]: definition };
    }
  }
  await cluster.patch(path, { spec: { versions: spec.versions } });
}

interface Schema {
  properties?: Record<string, Schema>;
}
