import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import type { LocalHome } from "../../../local/home.ts";
import { applyObject, homeCluster } from "../../../local/servers/cluster-call.ts";
import { applyCrds } from "../../../local/servers/cluster-objects.ts";
import { exchange } from "../../../clients/http.ts";
import { readRecords } from "../../../local/servers/records.ts";
import { startServers } from "../../../local/servers/start.ts";
import { listeningAddresses } from "../../support/processes.ts";
import { useServers } from "../../support/servers.ts";

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

describe("the control plane", function () {
  this.timeout(90_000);
  const servers = useServers(["kube-controller-manager", "external-secrets"]);

  it("gives the user's kubeconfig admin rights, under its own context", async () => {
    const { kubeconfig } = servers().home;
    const config = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
    assert.equal(config["current-context"], "ameide-local");
    assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
    assert.equal((await asUser(kubeconfig, "GET", "/api/v1/secrets")).status, 200);
  });

  it("refuses everybody without a certificate, except for the issuer's keys", async () => {
    const { kubernetesUrl, kubernetes } = servers().home;
    const ca = readFileSync(kubernetes.caCertificate);
    assert.equal((await exchange(`${kubernetesUrl}/api/v1/namespaces`, { ca })).status, 403);
    assert.equal((await exchange(`${kubernetesUrl}/openid/v1/jwks`, { ca })).status, 200);
  });

  it("uses the address of its token keys as issuer", async () => {
    const { kubernetesUrl, kubernetes } = servers().home;
    const ca = readFileSync(kubernetes.caCertificate);
    const { body } = await exchange(`${kubernetesUrl}/.well-known/openid-configuration`, { ca });
    const { issuer, jwks_uri } = JSON.parse(body) as { issuer: string; jwks_uri: string };
    assert.deepEqual([issuer, jwks_uri], [kubernetesUrl, `${kubernetesUrl}/openid/v1/jwks`]);
  });

  it("issues tokens for Azure, signed with RS256", async () => {
    const spec = { audiences: ["api://AzureADTokenExchange"], expirationSeconds: 600 };
    const { header, claims } = await requestToken(servers().home, spec);
    assert.equal(header["alg"], "RS256");
    assert.deepEqual([claims["iss"], claims["aud"]], [servers().home.kubernetesUrl, spec.audiences]);
  });

  it("issues tokens with the requested lifetime, not for a year as for a kubelet", async () => {
    const name = "token-asker";
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers: [{ name, image: "none" }] } };
    const { kubeconfig } = servers().home;
    const { status } = await asUser(kubeconfig, "POST", "/api/v1/namespaces/default/pods", JSON.stringify(pod));
    assert.equal(status, 201);
    const boundObjectRef = { apiVersion: "v1", kind: "Pod", name };
    const { claims } = await requestToken(servers().home, { boundObjectRef, expirationSeconds: 3607 }); // as kubelets do
    assert.equal(Number(claims["exp"]) - Number(claims["iat"]), 3607);
  });

  it("gives the operator the rights of its chart and no others", async () => {
    const { externalSecretsKubeconfig } = servers().home.kubernetes;
    const may = (verb: string, resource: string, group = "") =>
      mayUser(externalSecretsKubeconfig, verb, resource, group);
    assert.equal(await may("create", "secrets"), true);
    assert.equal(await may("update", "externalsecrets", "external-secrets.io"), true);
    assert.equal(await may("create", "pods"), false);
    assert.equal(await may("create", "clusterrolebindings", "rbac.authorization.k8s.io"), false);
  });

  it("protects etcd's data from clients with a certificate of the cluster, and without one", async () => {
    const { home } = servers();
    const url = `https://127.0.0.1:${home.port("etcdClient")}/version`;
    const ca = readFileSync(home.etcd.caCertificate);
    const admin = { cert: readFileSync(home.kubernetes.adminCertificate), key: readFileSync(home.kubernetes.adminKey) };
    const client = { cert: readFileSync(home.etcd.clientCertificate), key: readFileSync(home.etcd.clientKey) };
    await assert.rejects(exchange(url, { ca }));
    await assert.rejects(exchange(url, { ca, ...admin }));
    assert.equal((await exchange(url, { ca, ...client })).status, 200);
  });

  it("listens on loopback only", () => {
    const pids = readRecords(servers().home).map(({ pid }) => pid);
    assert.equal(pids.length, 4);
    const addresses = pids.flatMap(listeningAddresses);
    assert.ok(addresses.length >= 5);
    assert.deepEqual(new Set(addresses), new Set(["0100007F"])); // 127.0.0.1 as the kernel writes it
  });

  describe("applyCrds", () => {
    const versions = async () => {
      const { items } = await homeCluster(servers().home).get<{
        items: { metadata: { name: string; generation: number; resourceVersion: string } }[];
      }>(crds);
      return items.map(({ metadata }) => `${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`);
    };

    it("has created the operator's CRDs, and no webhook", async () => {
      const { items } = await homeCluster(servers().home).get<{
        items: { metadata: { name: string }; spec: { conversion: { strategy: string } } }[];
      }>(crds);
      assert.ok(items.some(({ metadata }) => metadata.name === "externalsecrets.external-secrets.io"));
      assert.deepEqual(new Set(items.map(({ spec }) => spec.conversion.strategy)), new Set(["None"]));
    });

    it("writes nothing a second time", async () => {
      const before = await versions();
      await applyCrds(servers().home, servers().binaries);
      assert.deepEqual(await versions(), before);
    });

    it("replaces a CRD of another version", async () => {
      const { home, binaries } = servers();
      const name = "pushsecrets.external-secrets.io";
      const change = { metadata: { annotations: { "ameide-secrets/digest": "of an earlier version" } } };
      await homeCluster(home).patch(`${crds}/${name}`, change);
      const before = await versions();
      await applyCrds(home, binaries);
      const changed = (await versions()).filter((version) => !before.includes(version));
      assert.deepEqual(
        changed.map((version) => version.split(" ").slice(0, 2)),
        [[name, "1"]],
      );
    });
  });

  it("serves again, with what it stored, after etcd and API server were killed", async () => {
    const { home, binaries } = servers();
    const path = "/api/v1/namespaces/kept";
    await applyObject(home, path, { apiVersion: "v1", kind: "Namespace", metadata: { name: "kept" } });
    const records = readRecords(home).filter(({ name }) => name === "etcd" || name === "kube-apiserver");
    for (const { pid } of records) process.kill(pid, "SIGKILL");
    const started = await startServers(home, binaries, { only: ["kube-controller-manager", "external-secrets"] });
    assert.deepEqual(started.slice(0, 2), ["etcd", "kube-apiserver"]);
    await homeCluster(home).get(path);
  });
});

interface Kubeconfig {
  readonly "current-context": string;
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } },
  ];
}

/** As the only user of a kubeconfig. */
function asUser(kubeconfig: string, method: string, path: string, body?: string) {
  const { clusters, users } = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
  const decode = (text: string) => Buffer.from(text, "base64");
  return exchange(`${clusters[0].cluster.server}${path}`, {
    method,
    ca: decode(clusters[0].cluster["certificate-authority-data"]),
    cert: decode(users[0].user["client-certificate-data"]),
    key: decode(users[0].user["client-key-data"]),
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
}

/** A token of the ServiceAccount `default`, taken apart. */
async function requestToken({ kubeconfig }: LocalHome, spec: object) {
  const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
  const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec });
  const answer = await asUser(kubeconfig, "POST", path, body);
  const { token } = (JSON.parse(answer.body) as { status: { token: string } }).status;
  const [header = {}, claims = {}] = token
    .split(".", 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
  return { header, claims };
}

async function mayUser(kubeconfig: string, verb: string, resource: string, group: string): Promise<boolean> {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb, resource, group, namespace: "default" } },
  };
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const { body } = await asUser(kubeconfig, "POST", path, JSON.stringify(review));
  return (JSON.parse(body) as { status: { allowed: boolean } }).status.allowed;
}
