import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Redacted } from "../../../domain/redacted.ts";
import { ServerError } from "../../../clients/http.ts";
import { vaultReader, type Access, type KubernetesReader } from "../../../diagnose/observe/access.ts";
import { namespacesOf, observe, vaultPathsOf } from "../../../diagnose/observe/observe.ts";
import { patcherJob } from "../../../diagnose/observe/jobs.ts";
import { explain } from "../../../diagnose/explain.ts";
import { validate } from "../../../diagnose/validate.ts";
import { stack } from "../healthy.ts";

const secretValue = "a-value-that-must-not-be-seen";

/** A cluster that answers lists with nothing, but for what is given by path. */
function cluster(objects: Readonly<Record<string, object>> = {}, asked: string[] = []): KubernetesReader {
  return {
    context: "c",
    get: <T extends object>(path: string) => {
      asked.push(path);
      const [bare = ""] = path.split("?");
      const found = objects[bare];
      if (found !== undefined) return Promise.resolve(found as T);
      const isList = bare.endsWith("s") && !/\/(secrets|configmaps|cronjobs|jobs)\/[^/]+$/.test(bare);
      return isList ? Promise.resolve({ items: [] } as object as T) : Promise.reject(new ServerError(404, "not found"));
    },
    text: () => Promise.resolve(""),
  };
}

const nowhere: Access = { kubernetes: "no kubeconfig", vault: "no address", azure: "not logged in" };

describe("observe", () => {
  it("is complete even if nothing can be read, with the reason in each part, and is explained correctly", async () => {
    const snapshot = await observe(stack, nowhere);
    assert.deepEqual(snapshot.calls, { kubernetes: 0, vault: 0, azure: 0 });
    assert.equal(!snapshot.stores.ok && snapshot.stores.failure.message, "no kubeconfig");
    const { causes } = explain(snapshot, stack);
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["cluster-not-readable", "azure-not-readable", "vault-not-readable"],
    );
  });
  it("never throws if every server refuses, and distinguishes a refusal from an unreachable server", async () => {
    const refused = (): Promise<never> => Promise.reject(new ServerError(403, "no right"));
    const gone = (): Promise<never> => Promise.reject(new Error("connect ECONNREFUSED"));
    const snapshot = await observe(stack, {
      kubernetes: { context: "c", get: refused, text: refused },
      vault: { address: "http://127.0.0.1:1", hasToken: true, get: gone },
      azure: { arm: refused, keyVault: gone },
    });
    assert.equal(!snapshot.externalSecrets.ok && snapshot.externalSecrets.failure.kind, "forbidden");
    assert.equal(
      !snapshot.externalSecrets.ok && snapshot.externalSecrets.failure.asked,
      "list externalsecrets in ameide-dev; list externalsecrets in argocd",
    );
    assert.equal(!snapshot.vault.health.ok && snapshot.vault.health.failure.kind, "unreachable");
    assert.equal(!snapshot.keyVault.ok && snapshot.keyVault.failure.kind, "unreachable");
  });
  for (const [status, code, others] of [
    [401, "cluster-login-refused", ["cluster-not-readable", "api-server-overloaded"]],
    [403, "cluster-not-readable", ["cluster-login-refused", "api-server-overloaded"]],
    [429, "api-server-overloaded", ["cluster-not-readable", "cluster-login-refused"]],
    [500, "api-server-overloaded", ["cluster-not-readable", "cluster-login-refused"]],
  ] as const) {
    it(`explains an API server that answers ${status} as ${code}`, async () => {
      const refused = (): Promise<never> => Promise.reject(new ServerError(status, "its words"));
      const snapshot = await observe(stack, { ...nowhere, kubernetes: { context: "c", get: refused, text: refused } });
      const { causes } = explain(snapshot, stack);
      const codes: readonly string[] = causes.map((one) => one.code);
      assert.ok(codes.includes(code), codes.join());
      assert.deepEqual(
        codes.filter((one) => (others as readonly string[]).includes(one)),
        [],
      );
      const { evidence = [] } = causes.find((one) => one.code === code) ?? {};
      if (status === 401) assert.equal(evidence.length, 1, "the same of each part");
    });
  }
  it("explains 429 of Vault and of Azure as too many requests, and not as a missing right", async () => {
    const throttled = (): Promise<never> => Promise.reject(new ServerError(429, "quota exceeded"));
    const { kubernetes } = { kubernetes: cluster() };
    const snapshot = await observe(stack, {
      kubernetes,
      vault: { address: "http://vault", hasToken: true, get: throttled },
      azure: { arm: throttled, keyVault: throttled },
    });
    const { causes } = explain(snapshot, stack);
    const codes = causes.map(({ code }) => code);
    assert.ok(codes.includes("vault-throttled"), codes.join());
    assert.equal(codes.includes("vault-unreachable") || codes.includes("vault-not-readable"), false, codes.join());
    const azure = causes.find(({ code }) => code === "azure-not-readable");
    assert.deepEqual(azure?.fixes, [`wait some minutes, then: ameide-secrets doctor --stack ${stack.name}`]);
  });
  it("does not report a server error as a missing token, or a proxy's answer as an empty Vault", async () => {
    for (const get of [
      () => Promise.reject(new ServerError(500, "internal error")),
      (path: string): Promise<never> =>
        path.startsWith("sys/health")
          ? Promise.resolve({ initialized: true, sealed: false, standby: false, version: "2" } as never)
          : Promise.reject(new ServerError(503, "no healthy upstream")),
    ]) {
      const vault = { address: "http://vault", hasToken: true, get };
      const snapshot = await observe(stack, { kubernetes: cluster(), vault, azure: "not asked" });
      const codes: readonly string[] = explain(snapshot, stack).causes.map(({ code }) => code);
      assert.deepEqual(
        codes.filter((code) => code.startsWith("vault-")),
        ["vault-failing"],
      );
    }
  });
  it("returns values only as fingerprints, and compares them across steps", async () => {
    const data = { LANGFUSE_SECRET_KEY: Buffer.from(secretValue).toString("base64") };
    const secret = { metadata: { name: "langfuse-secrets" }, type: "Opaque", data };
    const snapshot = await observe(
      stack,
      { ...nowhere, kubernetes: cluster({ "/api/v1/namespaces/ameide-dev/secrets": { items: [secret] } }) },
      { dotenv: new Map([["langfuse-secret-key", new Redacted(secretValue)]]) },
    );
    assert.equal(JSON.stringify(snapshot).includes(secretValue), false);
    assert.equal(JSON.stringify(snapshot).includes(data.LANGFUSE_SECRET_KEY), false);
    const inCluster = snapshot.secrets.ok ? snapshot.secrets.value[0]?.keys["LANGFUSE_SECRET_KEY"]?.digest : undefined;
    const atHand = snapshot.dotenv.ok ? snapshot.dotenv.value[0]?.fingerprint.digest : undefined;
    assert.notEqual(inCluster, undefined);
    assert.equal(inCluster, atHand);
  });
  it("gives the same value another digest in another snapshot, so that two reports reveal nothing", async () => {
    const dotenv = new Map([["a", new Redacted(secretValue)]]);
    const [one, two] = await Promise.all([observe(stack, nowhere, { dotenv }), observe(stack, nowhere, { dotenv })]);
    const digest = ({ dotenv: part }: typeof one) => (part.ok ? part.value[0]?.fingerprint.digest : undefined);
    assert.notEqual(digest(one), digest(two));
  });
  it("treats a wrong status ConfigMap as malformed, and continues without it", async () => {
    const path = `/api/v1/namespaces/ameide-dev/configmaps/${stack.bootstrap.config.statusConfigMap}`;
    for (const data of [undefined, {}, { status: "" }, { status: "null" }, { status: "{}" }, { status: "[" }]) {
      const snapshot = await observe(stack, { ...nowhere, kubernetes: cluster({ [path]: { data } }) });
      const { status } = snapshot.bootstrap;
      assert.equal(!status.ok && status.failure.kind, "malformed", JSON.stringify(data));
      assert.ok(explain(snapshot, stack).causes.some(({ code }) => code === "bootstrap-status-malformed"));
      assert.equal(validate(snapshot, stack).ok, false);
    }
  });
  it("reports a missing right to Events and logs, which show the cause of a failure", async () => {
    const job = `/apis/batch/v1/namespaces/ameide-dev/jobs/${patcherJob}`;
    const pods = "/api/v1/namespaces/ameide-dev/pods";
    const kubernetes = cluster({
      [job]: { metadata: { uid: "u" }, status: { conditions: [{ type: "Failed", status: "True" }] } },
      [pods]: { items: [{ metadata: { name: "p" }, spec: { containers: [] } }] },
    });
    const refused = (): Promise<never> => Promise.reject(new ServerError(403, "no right"));
    const snapshot = await observe(stack, {
      ...nowhere,
      kubernetes: {
        ...kubernetes,
        get: <T extends object>(path: string) => (path.includes("/events") ? refused() : kubernetes.get<T>(path)),
        text: refused,
      },
    });
    const { evidence } = explain(snapshot, stack).causes.find(({ code }) => code === "cluster-not-readable") ?? {};
    const where = (evidence ?? []).map((one) => one.where);
    assert.deepEqual(
      where.filter((asked) => /events|log/.test(asked)),
      ["list events in ameide-dev; list events in argocd", "read the log of the pod ameide-dev/p"],
    );
  });
  it("makes a number of calls that does not grow with the secrets", async () => {
    const asked: string[] = [];
    const { calls } = await observe(stack, { ...nowhere, kubernetes: cluster({}, asked) });
    assert.equal(calls.kubernetes, asked.length);
    const perNamespace = 11;
    const targets = stack.plan.deliveries.length; // absent here, so each is asked for by name
    assert.ok(asked.length <= perNamespace * namespacesOf(stack).length + targets + 9, String(asked.length));
  });
});

describe("vaultPathsOf", () => {
  it("contains each path of our secrets and of Keycloak's clients once", () => {
    const paths = vaultPathsOf(stack);
    assert.equal(new Set(paths).size, paths.length);
    assert.ok(paths.includes("ghcr-token") && paths.includes("platform-app-client-secret"));
  });
});

describe("vaultReader", () => {
  let server: Server;
  let address: string;
  const tokens: (string | undefined)[] = [];
  before((done) => {
    server = createServer((request, response) => {
      tokens.push(request.headers["x-vault-token"]?.toString());
      const isHealth = request.url?.startsWith("/v1/sys/health") === true;
      response.writeHead(isHealth ? 503 : 403, { "content-type": "application/json" });
      response.end(JSON.stringify(isHealth ? { initialized: true, sealed: true } : { errors: ["permission denied"] }));
    }).listen(0, "127.0.0.1", () => {
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after(() => server.close());

  it("reads health from any status", async () =>
    assert.deepEqual(await vaultReader({ address }).get("sys/health"), { initialized: true, sealed: true }));
  it("fails with the status and Vault's own words", async () =>
    assert.rejects(
      vaultReader({ address }).get("secret/metadata/x"),
      (error: ServerError) => error.status === 403 && error.message === "permission denied",
    ));
  it("sends the token as a header, and none if there is none", async () => {
    tokens.length = 0;
    await vaultReader({ address }, new Redacted("t")).get("sys/health");
    await vaultReader({ address }).get("sys/health");
    assert.deepEqual(tokens, ["t", undefined]);
  });
});
