import assert from "node:assert/strict";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { LiveObjects } from "../../cli/deploy/ownership/kubernetes-objects.ts";
import { plannedObjects, refuseForeignObjects } from "../../cli/deploy/ownership/ownership.ts";
import { AdmissionGuard } from "../../components/secret-delivery.ts";
import { kubernetesProvider, serverSideApply } from "../../components/providers.ts";
import { VaultBootstrap } from "../../components/vault-bootstrap.ts";
import { fieldManager } from "../../domain/manifests/labels.ts";
import { renderManifests } from "../../domain/manifests/render.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { localContext } from "../../local/home.ts";
import { useEngine } from "../support/engine.ts";
import { useSharedServers } from "../support/shared-servers.ts";
import { environmentStack } from "../support/stacks.ts";
import { liveProviders, preview, up } from "./live-providers.ts";

const clientId = "33333333-3333-4333-8333-333333333333";

/** Kinds that an API server without CRDs knows, and their paths. */
const collections: Readonly<Record<string, string>> = {
  ServiceAccount: "/api/v1/namespaces/ameide-dev/serviceaccounts",
  ConfigMap: "/api/v1/namespaces/ameide-dev/configmaps",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/ameide-dev/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/ameide-dev/rolebindings",
  CronJob: "/apis/batch/v1/namespaces/ameide-dev/cronjobs",
  ValidatingAdmissionPolicy: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
};

/**
 * Objects that outlived their state: retained by a destroy, or created by an update that was cut off. The Kubernetes
 * provider from 4.29 on creates objects as the manager `pulumi-kubernetes`, by client-side create, unless it may update
 * existing ones.
 */
describe("a stack with objects of an earlier run in the cluster", function () {
  this.timeout(120_000);
  const servers = useSharedServers(["kube-apiserver"]);
  let cluster: Cluster;
  let stack: EnvironmentStack;
  const engine = useEngine("dev", () => liveProviders(servers().home));

  before(async () => {
    const { kubeconfig } = servers().home;
    cluster = await openCluster({ kubeconfig, context: localContext });
    const dev = environmentStack("dev");
    stack = { ...dev, cluster: { ...dev.cluster, kubeconfig, context: localContext } };
    await cluster.create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "ameide-dev" },
    });
    for (const { object } of renderManifests(stack, { clientId })) {
      const collection = object.metadata.namespace === "argocd" ? undefined : collections[object.kind];
      if (collection === undefined || "imagePullSecrets" in object) continue;
      await cluster.create(`${collection}?fieldManager=pulumi-kubernetes`, object);
    }
  });

  const open = (changes: Partial<EnvironmentStack> = {}): Promise<Stack> =>
    engine.open(() => {
      const changed = { ...stack, ...changes };
      const opts = {
        providers: { kubernetes: kubernetesProvider(changed) },
        transformations: [serverSideApply],
      };
      new AdmissionGuard("admission", { stack: changed }, opts);
      new VaultBootstrap("bootstrap", { stack: changed, clientId, needs: [] }, opts);
      return Promise.resolve();
    });
  const managers = async (path: string) => {
    const { metadata } = await cluster.get(path);
    const fields = metadata["managedFields"] as readonly { manager: string; operation: string; subresource?: string }[];
    return fields
      .filter(({ subresource }) => subresource === undefined)
      .map(({ manager, operation }) => `${manager} ${operation}`);
  };

  it("adopts every object again, including admission policies with defaults of the API server", async () => {
    const { namespace, bootstrap } = stack;
    const cronJob = `/apis/batch/v1/namespaces/${namespace}/cronjobs/${bootstrap.name}`;
    assert.deepEqual(await managers(cronJob), ["pulumi-kubernetes Update"]);
    const steps = await up(await open());
    assert.ok(
      steps.every((step) => step.startsWith("create ")),
      steps.join("\n"),
    );
    assert.ok(
      steps.some((step) => step.includes("ValidatingAdmissionPolicy ")),
      steps.join("\n"),
    );
    assert.ok((await managers(cronJob)).includes(`${fieldManager} Apply`));
    assert.deepEqual(await preview(await open()), []);
  });

  it("recognises its own objects by their label with any manager, or by its manager without the label", async () => {
    const changes = await plannedObjects(stack, new LiveObjects(cluster));
    const known = changes.filter(({ operation }) => operation === "update").map(({ type }) => type);
    for (const kind of ["CronJob", "ConfigMap", "ValidatingAdmissionPolicy"]) {
      assert.ok(
        known.some((type) => type.endsWith(`:${kind}`)),
        kind,
      );
    }
    const path = `/apis/batch/v1/namespaces/${stack.namespace}/cronjobs/${stack.bootstrap.name}`;
    await cluster.patch(path, { metadata: { labels: null } });
    const again = await plannedObjects(stack, new LiveObjects(cluster));
    assert.equal(again.find(({ type }) => type.endsWith(":CronJob"))?.operation, "update");
  });

  it("fails on an object of another Pulumi program before anything is changed, in plain pulumi as well", async () => {
    const prod = {
      ...stack,
      name: "prod" as const,
      namespace: "ameide-dev",
      bootstrap: { ...stack.bootstrap, name: "theirs" },
    };
    await cluster.create(`${collections["CronJob"]}?fieldManager=pulumi-kubernetes`, {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "theirs" },
      spec: {
        schedule: "0 * * * *",
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "b" }] } } },
        },
      },
    });
    const refused = await refuseForeignObjects(prod, { isPreview: true, warn: assert.fail }).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(refused instanceof UserError, String(refused));
    const found = refused.findings.find(({ problem }) => problem.startsWith("CronJob "));
    assert.match(found?.problem ?? "", /belongs to another Pulumi program \(written by "pulumi-kubernetes"\)/);
    assert.match(found?.fix ?? "", /hand it over to this program: kubectl .* delete cronjob theirs/);
  });

  it("stops a plain update if the cluster cannot be reached, and only warns in a preview", async () => {
    const kubeconfig = "/nowhere/kubeconfig";
    const unreachable = { ...stack, cluster: { ...stack.cluster, kubeconfig } };
    const warnings: string[] = [];
    await refuseForeignObjects(unreachable, { isPreview: true, warn: (text) => warnings.push(text) });
    assert.match(
      warnings.join("\n"),
      /could not check which Kubernetes objects have another owner: .*\/nowhere\/kubeconfig/,
    );
    await assert.rejects(refuseForeignObjects(unreachable, { isPreview: false, warn: assert.fail }), UserError);
  });
});
