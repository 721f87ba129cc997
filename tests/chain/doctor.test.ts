import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { openPlace, type Place } from "../../cli/access/place.ts";
import { runBootstrapJob } from "../../cli/access/bootstrap-job.ts";
import { localArm } from "../../cli/deploy/local-azure.ts";
import { vaultCredential } from "../../cli/deploy/vault-credentials.ts";
import type { CauseCode } from "../../diagnose/causes.ts";
import type { Diagnosis } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { patcherJob } from "../../diagnose/observe/client-patcher.ts";
import { namespacesOf, observe } from "../../diagnose/observe/observe.ts";
import { resync } from "../../diagnose/resync.ts";
import { validate } from "../../diagnose/validate.ts";
import { drift, lineage } from "../../diagnose/lineage.ts";
import { identityId, keyVaultId } from "../../domain/azure-ids.ts";
import { armRequest } from "../support/arm.ts";
import { testBinaries } from "../support/servers.ts";
import { runCommand } from "../support/command-line.ts";
import { startTimeout, useLocalChain } from "../support/local-chain.ts";

const values = {
  GHCR_TOKEN: "chain-ghcr-token-0123456789",
  GHCR_USERNAME: "chain-user",
  LANGFUSE_SECRET_KEY: "chain-langfuse-0123456789",
  ANTHROPIC_API_KEY: "chain-anthropic-0123456789",
  OPENAI_API_KEY: "chain-openai-0123456789",
};

/** Each breaks the running environment in one way, sees that cause named first, repairs as told, and sees it gone. */
describe("doctor", function () {
  this.timeout(startTimeout);
  const chain = useLocalChain(values);
  let place: Place;

  before(async () => {
    place = await openPlace({
      stack: "local",
      home: chain().home.dir,
      portBase: String(chain().home.portBase),
      readsValues: true,
    });
  });
  after(() => place.close());

  const look = async (compareValues = false): Promise<Diagnosis> =>
    explain(await observe(place.stack, place.access, { compareValues }), place.stack);
  const first = async (compareValues = false): Promise<CauseCode | undefined> =>
    (await look(compareValues)).causes[0]?.code;
  const vault = async (method: string, path: string, body: object = {}): Promise<void> => {
    const root = await vaultCredential(place.cluster, place.stack.namespace, "root-token");
    const url = new URL(`/v1/${path}`, place.stack.vault.operatorAddress);
    const response = await fetch(url, {
      method,
      headers: { "x-vault-token": root.reveal() },
      ...(method === "DELETE" ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  };
  const arm = (method: string, path: string) => armRequest(localArm(chain().home), method, path);
  const resynced = () =>
    resync(place.cluster, {
      namespaces: namespacesOf(place.stack),
      timeoutInSeconds: 20,
      signal: new AbortController().signal,
    });
  const bootstrap = (...flags: string[]) =>
    runBootstrapJob(place.cluster, {
      namespace: place.stack.namespace,
      cronJob: place.stack.bootstrap.name,
      purpose: "test",
      flags,
      timeoutInSeconds: 120,
      signal: new AbortController().signal,
    });
  const repaired = async (): Promise<void> => {
    const run = await chain().up(values, "--refresh");
    assert.equal(run.code, 0, run.err);
    assert.deepEqual((await look()).causes, []);
  };

  it("finds nothing in a chain that walks, and its five checks pass, with every value proven", async () => {
    assert.deepEqual((await look(true)).causes, []);
    const snapshot = await observe(place.stack, place.access, { compareValues: true });
    const { checks, ok } = validate(snapshot, place.stack, { prove: true });
    assert.deepEqual(
      checks.flatMap(({ items }) => items.filter(({ state }) => state === "failed" || state === "unknown")),
      [],
    );
    assert.equal(ok, true);
    assert.deepEqual(drift(snapshot, place.stack), []);
    assert.equal(lineage(snapshot, place.stack, "ghcr-token").hops.at(-1)?.sameAsBefore, true);
  });

  it("changes nothing by looking", async () => {
    const state = async () => {
      const kinds = ["/api/v1/secrets", "/api/v1/configmaps", "/apis/external-secrets.io/v1/externalsecrets", "/apis/external-secrets.io/v1/secretstores", "/apis/batch/v1/jobs"]; // prettier-ignore
      const lists = await Promise.all(
        kinds.map((path) => place.cluster.get<{ items: { metadata: { uid: string; generation?: number } }[] }>(path)),
      );
      return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.uid} ${metadata.generation ?? ""}`));
    };
    const before = await state();
    for (const command of ["doctor", "validate", "drift"]) {
      assert.equal((await runCommand([command, "--stack", "local", "--json", ...chain().place])).code, 0, command);
    }
    assert.deepEqual(await state(), before);
  });

  it("holds no value in what it prints", async () => {
    const told = JSON.stringify(await observe(place.stack, place.access, { compareValues: true }));
    for (const value of Object.values(values))
      if (value !== values.GHCR_USERNAME) assert.equal(told.includes(value), false);
  });

  it("names a sealed Vault, and not the many things that it breaks", async () => {
    await vault("PUT", "sys/seal");
    const { causes } = await look();
    assert.deepEqual(
      causes.map(({ code }) => code),
      ["vault-sealed"],
    );
    assert.equal((await bootstrap("--until=unsealed")).cause, "ok");
    await resynced();
    assert.equal(await first(), undefined);
  });

  it("names a pinned reviewer token by Vault's own configuration, found and wanted", async () => {
    const { kubernetesHost, kubernetesCaPem, authMount } = place.stack.vault;
    const config = {
      kubernetes_host: kubernetesHost,
      kubernetes_ca_cert: kubernetesCaPem,
      disable_local_ca_jwt: true,
      disable_iss_validation: true,
    };
    await vault("POST", `auth/${authMount}/config`, { ...config, token_reviewer_jwt: "ey.expired.token" });
    assert.equal(await first(), "vault-reviewer-pinned");
    await vault("POST", `auth/${authMount}/config`, { ...config, token_reviewer_jwt: "" });
    await resynced();
    assert.equal(await first(), undefined);
  });

  it("names a placeholder in Vault, and the next run of the bootstrap puts the value back", async () => {
    await vault("POST", "secret/data/langfuse-secret-key", {
      data: { value: "CHANGEME" },
      options: { cas: await version("langfuse-secret-key") },
    });
    assert.equal(await first(true), "vault-holds-placeholder");
    assert.equal((await bootstrap()).cause, "ok");
    await resynced();
    assert.equal(await first(true), undefined);
  });

  it("names a value that someone changed in a Kubernetes Secret, and a resync puts it back", async () => {
    const path = "/api/v1/namespaces/ameide-local/secrets/langfuse-secrets";
    await place.cluster.patch(path, {
      data: { LANGFUSE_SECRET_KEY: Buffer.from("edited-by-hand-0123").toString("base64") },
    });
    const found = await first(true);
    // ESO watches its Secrets and may have been quicker than this look
    assert.ok(found === "target-secret-behind" || found === undefined, found);
    await resynced();
    assert.equal(await first(true), undefined);
  });

  const patcherRows: readonly (readonly [said: string, code: CauseCode])[] = [
    ["exec /scripts/jq: exec format error", "patcher-exec-format"],
    ["sh: command not found: jq", "patcher-command-missing"],
    ["POST /realms/master/protocol/openid-connect/token: 401 Unauthorized", "patcher-keycloak-unauthorized"],
    ["GET /admin/realms/ameide/clients: 403 Forbidden", "patcher-keycloak-forbidden"],
    ["GET /admin/realms/ameide/clients/platform-app: 404 Not Found", "patcher-client-missing"],
    ["PUT secret/data/platform-app-client-secret: 403, permission denied", "patcher-vault-denied"],
  ];
  for (const [said, code] of patcherRows) {
    it(`names ${code} by the client-patcher's log, and it is gone with the next run`, async () => {
      const jobs = `/apis/batch/v1/namespaces/${place.stack.namespace}/jobs`;
      const path = `${jobs}/${patcherJob}`;
      await place.cluster.create(jobs, failingJob(patcherJob, said));
      await until(async () => (await place.cluster.get<JobJson>(path)).status?.failed === 1);
      assert.equal(await first(), code);
      await place.cluster.remove(`${path}?propagationPolicy=Background`);
      await until(async () => (await first()) === undefined);
    });
  }

  it("names a private image that cannot be pulled although the whole chain to its pull secret is well", async () => {
    const pods = `/api/v1/namespaces/${place.stack.namespace}/pods`;
    const containers = [{ name: "main", image: "ghcr.io/ameide/platform:1" }];
    await place.cluster.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "private" },
      spec: { containers },
    });
    await until(async () => (await first()) === "image-pull-denied");
    await place.cluster.remove(`${pods}/private`);
    await until(async () => (await first()) === undefined);
  });

  it("agrees with the seed's own commands 4 and 5, run to the letter", async () => {
    const { kubectl } = await testBinaries();
    const seed = (...args: string[]) =>
      execFileSync(kubectl, args, { encoding: "utf8", env: { HOME: chain().home.dir, KUBECONFIG: chain().home.kubeconfig } }).trim().split("\n"); // prettier-ignore
    const columns = "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,READY:.status.conditions[0].status";
    const synced = seed("get", "externalsecrets", "-A", "-o", columns).slice(1);
    const labelled = seed("get", "secrets", "-n", "ameide-local", "-l", "app.kubernetes.io/managed-by=external-secrets", "-o", "name"); // prettier-ignore
    const { checks } = validate(await observe(place.stack, place.access), place.stack);
    const ours = (number: number) =>
      checks.find((check) => check.number === number)?.items.map(({ subject }) => subject) ?? [];
    assert.deepEqual(
      synced
        .map((line) => line.split(/\s+/))
        .map(([namespace, name, ready]) => `${namespace}/${name} ${ready}`)
        .toSorted(byText),
      ours(4)
        .map((subject) => `${subject} True`)
        .toSorted(byText),
    );
    assert.deepEqual(
      labelled.map((name) => name.replace("secret/", "ameide-local/")).toSorted(byText),
      ours(5)
        .filter((subject) => /^ameide-local\/[a-z-]+$/.test(subject))
        .toSorted(byText),
    );
  });

  it("names what was deleted by hand at each stage, the earliest first, and one update puts all of it right", async () => {
    const { cluster, stack } = place;
    const group = `/apis/external-secrets.io/v1/namespaces/${stack.namespace}`;
    await cluster.remove(`${group}/externalsecrets/langfuse-secrets-sync`);
    await until(async () => (await first()) === "external-secret-missing");
    await cluster.remove(`${group}/secretstores/ameide-vault`);
    assert.equal(await first(), "store-missing");
    await vault("PUT", `sys/policies/acl/ameide-secrets-reader-${stack.namespace}`, {
      policy: 'path "secret/data/none" {}',
    });
    assert.equal(await first(), "vault-policy-narrow");
    await cluster.remove(`/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/ameide-secrets-token-review-local`);
    assert.deepEqual(
      (await look()).causes.slice(0, 2).map(({ stage }) => stage),
      ["vault", "vault"],
    );
    assert.ok((await look()).causes.some(({ code }) => code === "token-review-forbidden"));
    await cluster.remove(`/apis/batch/v1/namespaces/${stack.namespace}/cronjobs/${stack.bootstrap.name}`);
    assert.equal(await first(), "bootstrap-missing");
    await arm(
      "DELETE",
      `${identityId(stack.azure)}/federatedIdentityCredentials/${stack.federated.name}?api-version=2023-01-31`,
    );
    assert.equal(await first(), "federated-credential-missing");
    await repaired();
  });

  it("names a role assignment that is gone, and tells the 403 of the bootstrap's run with it", async () => {
    const list = await arm(
      "GET",
      `${keyVaultId(place.stack.azure)}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01`,
    );
    const { value } = JSON.parse(list) as { value: { id: string }[] };
    await arm("DELETE", `${value[0]?.id ?? ""}?api-version=2022-04-01`);
    assert.equal((await bootstrap()).cause, "source-forbidden");
    const [cause] = (await look()).causes;
    assert.equal(cause?.code, "role-assignment-missing");
    const run = await chain().up(values, "--refresh");
    assert.equal(run.code, 0, run.err);
    assert.equal((await bootstrap()).cause, "ok");
    assert.deepEqual((await look()).causes, []);
  });

  async function version(path: string): Promise<number> {
    const snapshot = await observe(place.stack, place.access);
    const { secrets } = snapshot.vault;
    return secrets.ok ? (secrets.value.find((one) => one.path === path)?.version ?? 0) : 0;
  }
});

interface JobJson {
  readonly status?: { readonly failed?: number };
}

/** A Job that says what the client-patcher would, and fails as it would. */
function failingJob(name: string, said: string): object {
  const script = `console.error(${JSON.stringify(said)}); process.exit(1)`;
  const container = {
    name: "main",
    image: "gcr.io/distroless/nodejs22-debian12",
    command: ["/nodejs/bin/node", "-e", script],
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [container] } } },
  };
}

function byText(a: string, b: string): number {
  return a.localeCompare(b);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await holds()) return;
    await delay(250);
  }
  throw new Error("it did not come about within 15 s");
}
