import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { openCluster } from "../../../clients/kubeconfig.ts";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { refuseDebugProviders, refuseWeakState } from "../../../cli/deploy/cloud-engine.ts";
import { preflightCluster } from "../../../cli/deploy/preflight.ts";
import { UserError } from "../../../domain/user-error.ts";
import { localContext } from "../../../local/home.ts";
import { applyObject } from "../../../local/servers/cluster-call.ts";
import { useServers } from "../../support/servers.ts";
import { environmentStack } from "../../support/stacks.ts";

const crdName = "externalsecrets.external-secrets.io";
const crdPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`;

function codesOf(work: () => void): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.findings.length === 0 ? [error.code] : error.findings.map(({ code }) => code);
  }
}

describe("refuseWeakState", () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), "ameide-secrets-preflight-"))));
  afterEach(() => rmSync(root, { recursive: true }));
  const refused = (stackFile: string, backendUrl: string) => {
    writeFileSync(join(root, "Pulumi.dev.yaml"), stackFile);
    return codesOf(() => refuseWeakState({ stack: "dev", root, backendUrl }));
  };
  const keyService = "secretsprovider: azurekeyvault://vault.vault.azure.net/keys/pulumi\n";

  it("accepts Pulumi Cloud, and a blob container with a key service", () => {
    assert.deepEqual(refused("config: {}\n", "https://app.pulumi.com/ameide"), []);
    assert.deepEqual(refused("", "https://app.pulumi.com/ameide"), []);
    assert.deepEqual(refused(keyService, "azblob://state"), []);
  });

  it("refuses state that is stored on one machine", () =>
    assert.deepEqual(refused(keyService, "file:///home/somebody"), ["state-on-one-machine"]));

  it("refuses a passphrase, whether it is named or the backend's default", () => {
    assert.deepEqual(refused("", "azblob://state"), ["state-passphrase"]);
    assert.deepEqual(refused("secretsprovider: passphrase\n", "https://app.pulumi.com/ameide"), ["state-passphrase"]);
  });

  it("fails on both at once", () =>
    assert.deepEqual(refused("", "file://~"), ["state-on-one-machine", "state-passphrase"]));
});

describe("refuseDebugProviders", () => {
  const { PULUMI_DEBUG_PROVIDERS: before } = process.env;
  afterEach(() => {
    if (before === undefined) delete process.env["PULUMI_DEBUG_PROVIDERS"];
    else process.env["PULUMI_DEBUG_PROVIDERS"] = before;
  });

  it("fails if the variable is set, even if empty: a cloud stack does not run against stand-ins", () => {
    for (const value of ["kubernetes:1234", ""]) {
      process.env["PULUMI_DEBUG_PROVIDERS"] = value;
      assert.deepEqual(
        codesOf(() => refuseDebugProviders("dev")),
        ["debug-providers"],
      );
    }
    delete process.env["PULUMI_DEBUG_PROVIDERS"];
    assert.deepEqual(
      codesOf(() => refuseDebugProviders("dev")),
      [],
    );
  });
});

describe("preflightCluster, on a real API server", function () {
  this.timeout(120_000);
  const servers = useServers(["kube-apiserver"]);
  const stack = environmentStack("dev");
  let cluster: Cluster;

  before(async () => {
    cluster = await openCluster({ kubeconfig: servers().home.kubeconfig, context: localContext });
  });

  const found = async (by = cluster, of = stack, writes = true): Promise<readonly string[]> => {
    try {
      await preflightCluster(by, of, writes);
      return [];
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      assert.ok(error.findings.every(({ fix }) => fix !== ""));
      return error.findings.map(({ code, subject }) => `${code} ${subject}`);
    }
  };
  const definition = (versions: readonly string[]) =>
    applyObject(servers().home, crdPath, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: crdName },
      spec: {
        group: "external-secrets.io",
        names: { kind: "ExternalSecret", plural: "externalsecrets" },
        scope: "Namespaced",
        versions: versions.map((name, index) => ({
          name,
          served: true,
          storage: index === 0,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        })),
      },
    });
  const makeNamespace = (name: string) =>
    applyObject(servers().home, `/api/v1/namespaces/${name}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });

  it("reports everything that is missing at once: the CRD, and each namespace", async () => {
    assert.deepEqual(await found(), [
      `external-secrets-crd ${crdName}`,
      "namespace-missing ameide-dev",
      "namespace-missing argocd",
    ]);
  });

  it("requires no namespace if the program creates them", async () => {
    const makes = { ...stack, strictness: { ...stack.strictness, makesNamespaces: true } };
    assert.deepEqual(await found(cluster, makes), [`external-secrets-crd ${crdName}`]);
  });

  it("fails on a CRD that does not serve v1", async () => {
    await Promise.all(["ameide-dev", "argocd"].map(makeNamespace));
    await definition(["v1beta1"]);
    assert.deepEqual(await found(), [`external-secrets-crd ${crdName}`]);
  });

  it("passes if all of it exists", async () => {
    await definition(["v1beta1", "v1"]);
    assert.deepEqual(await found(), []);
  });

  it("reports each right that the caller lacks, including the rights to read", async () => {
    const account = "/api/v1/namespaces/ameide-dev/serviceaccounts";
    await cluster.create(account, { metadata: { name: "restricted" } });
    const { status } = await cluster.create<{ status: { token: string } }>(`${account}/restricted/token`, { spec: {} });
    const { home } = servers();
    const kubeconfig = join(home.dir, "restricted-kubeconfig");
    const config = {
      clusters: [
        { name: "c", cluster: { server: home.kubernetesUrl, "certificate-authority": home.kubernetes.caCertificate } },
      ],
      users: [{ name: "u", user: { token: status.token } }],
      contexts: [{ name: "restricted", context: { cluster: "c", user: "u" } }],
    };
    writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
    const restricted = await openCluster({ kubeconfig, context: "restricted" });
    const reported = await found(restricted);
    assert.ok(
      reported.includes("right-missing create clusterrolebindings.rbac.authorization.k8s.io"),
      reported.join("\n"),
    );
    assert.ok(reported.includes("right-missing patch cronjobs.batch"));
    // the CRD and two namespaces, which it may not read
    assert.equal(reported.filter((one) => one === "right-missing restricted").length, 3);
  });

  it("requires no right to write for a preview", async () => {
    const kubeconfig = join(servers().home.dir, "restricted-kubeconfig");
    const reported = await found(await openCluster({ kubeconfig, context: "restricted" }), stack, false);
    assert.deepEqual(new Set(reported), new Set(["right-missing restricted"]));
  });

  it("reports what the caller may create but not grant, with a dry run that creates nothing", async () => {
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["create", "patch", "list", "watch"] }];
    await cluster.create(`${rbac}/clusterroles`, { metadata: { name: "maker" }, rules });
    await cluster.create(`${rbac}/clusterrolebindings`, {
      metadata: { name: "maker" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "maker" },
      subjects: [{ kind: "ServiceAccount", name: "restricted", namespace: "ameide-dev" }],
    });
    const kubeconfig = join(servers().home.dir, "restricted-kubeconfig");
    const reported = await found(await openCluster({ kubeconfig, context: "restricted" }));
    assert.deepEqual(
      reported.filter((one) => one !== "right-missing restricted"),
      ["right-missing roles"],
    );
    assert.deepEqual((await cluster.get<{ items: unknown[] }>(`${rbac}/namespaces/ameide-dev/roles`)).items, []);
  });

  it("requires no right to write if ArgoCD applies the objects", async () => {
    const gitops = { ...stack, strictness: { ...stack.strictness, delivery: "gitops" as const } };
    const kubeconfig = join(servers().home.dir, "restricted-kubeconfig");
    const reported = await found(await openCluster({ kubeconfig, context: "restricted" }), gitops);
    assert.deepEqual(new Set(reported), new Set(["right-missing restricted"]));
  });
});
