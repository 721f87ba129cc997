import assert from "node:assert/strict";
import { namespace } from "./azure-setup.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

describe("Lease", function () {
  this.timeout(30_000);
  const rig = useRig();
  const config = () => rig().config({ secrets: [external("one-at-a-time")] });
  const specOf = async () => (await rig().cluster.call("GET", `${leases}/vault-bootstrap`)).body.spec;
  const holder = async () => (await specOf())?.holderIdentity;

  /** A Lease of another run that was renewed so many seconds ago. */
  const heldByAnother = async (renewedSecondsAgo: number) => {
    const renewTime = new Date(Date.now() - renewedSecondsAgo * 1000).toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: "another-run", leaseDurationSeconds: 30, acquireTime: renewTime, renewTime };
    const lease = { metadata: { name: "vault-bootstrap", namespace }, spec };
    let status = 0;
    // a run that renews it in this very moment may make it again in between
    for (let tries = 0; tries < 5 && status !== 201; tries++) {
      await rig().cluster.endLease();
      ({ status } = await rig().cluster.call("POST", leases, lease));
    }
    assert.equal(status, 201);
  };

  before(async () => {
    await rig().vault.allow(config());
    await rig().source.setSecrets({ "one-at-a-time": "value-1" });
  });

  afterEach(async () => {
    await rig().cluster.endLease();
  });

  it("is free again after a run, whichever way it ended", async () => {
    assert.equal((await rig().runHere(config())).code, 0);
    assert.equal(await holder(), undefined);
    assert.equal((await rig().runHere(rig().config({ secrets: [external("no", { required: true })] }))).code, 10);
    assert.equal(await holder(), undefined);
  });

  it("fails as lease-held while another run holds it, names that run, and does nothing", async () => {
    await heldByAnother(5);
    const { code, summary } = await rig().runHere(config());
    assert.equal(code, 31);
    assert.match(String(summary["problem"]), /holds Lease ameide-local\/vault-bootstrap: another-run/);
    assert.equal(await holder(), "another-run");
  });

  it("fails as kubernetes-unreachable or kubernetes-refused if the API server cannot be asked", async () => {
    const unreachable = await rig().runHere(config(), { kubernetesAddress: "https://127.0.0.1:1" });
    assert.equal(unreachable.code, 40, unreachable.text);
    const refused = await rig().runHere({ ...config(), lease: "of-somebody-else" });
    assert.equal(refused.code, 41, refused.text);
    assert.match(String(refused.summary["problem"]), /take Lease ameide-local\/of-somebody-else: .*403/);
  });

  it("fails with a separate cause each if the API server rejects the login, throttles or fails", async () => {
    for (const [status, code, cause] of [
      [401, 42, "kubernetes-login-refused"],
      [429, 43, "kubernetes-throttled"],
      [503, 44, "kubernetes-failing"],
    ] as const) {
      const answer = { status, body: JSON.stringify({ kind: "Status", message: "its words", code: status }) };
      const kubernetesAddress = await rig().kubernetesProxy(async ({ path }, forward) =>
        path.startsWith(leases) ? answer : await forward(),
      );
      const ended = await rig().runHere(config(), { kubernetesAddress });
      assert.deepEqual([ended.code, ended.summary["cause"]], [code, cause], ended.text);
    }
  });

  it("is taken over after it has expired: its run was killed", async () => {
    await heldByAnother(31);
    const { code, text } = await rig().runHere(config());
    assert.equal(code, 0, text);
  });

  it("makes a run wait that is allowed to wait", async () => {
    await heldByAnother(0);
    let looks = 0;
    const kubernetesAddress = await rig().kubernetesProxy(async ({ method, path }, forward) => {
      if (method === "GET" && path.startsWith(leases)) looks++;
      if (looks === 2) await rig().cluster.endLease();
      return await forward();
    });
    const result = await rig().runHere(config(), { kubernetesAddress, timing: { leaseWaitInMs: 20_000 } });
    assert.equal(result.code, 0, result.text);
    assert.ok(
      result.lines.some(({ event, holder: other }) => event === "waiting-for-another-run" && other === "another-run"),
    );
  });

  it("is recognised by the run that acquired it, even if the answer was lost", async () => {
    for (const [method, isThere] of [
      ["POST", false],
      ["PUT", true],
    ] as const) {
      await rig().cluster.endLease();
      if (isThere) await heldByAnother(31);
      let writes = 0;
      const kubernetesAddress = await rig().kubernetesProxy(async (call, forward) => {
        const answer = await forward();
        if (call.method !== method || !call.path.startsWith(leases)) return answer;
        writes++;
        return writes === 1 ? "drop" : answer;
      });
      const { code, text } = await rig().runHere(config(), { kubernetesAddress });
      assert.equal(code, 0, text);
      assert.ok(writes >= 2, `${method} was sent ${writes} times`);
      assert.equal(await holder(), undefined);
    }
  });

  it("allows one of two bootstraps at a time", async () => {
    const atLogin = Promise.withResolvers<void>();
    const isOver = Promise.withResolvers<void>();
    const address = await rig().proxy(async ({ path }, forward) => {
      if (path === "/v1/auth/kubernetes/login") {
        atLogin.resolve();
        await isOver.promise;
      }
      return await forward();
    });
    const first = rig().run({ ...config(), vault: rig().vaultConfig({ address }) });
    await atLogin.promise;

    const second = await rig().run(config());
    isOver.resolve();

    assert.equal(second.code, 31, second.text);
    const { code, text } = await first;
    assert.equal(code, 0, text);
  });

  it("is renewed while the run lasts, and ends a run that lost it", async () => {
    let isRenewed = false;
    const address = await rig().proxy(async ({ path }, forward) => {
      if (path !== "/v1/auth/kubernetes/login") return await forward();
      const { renewTime } = await specOf();
      for (let looks = 0; looks < 100 && !isRenewed; looks++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        isRenewed = (await specOf()).renewTime > renewTime;
      }
      await heldByAnother(0);
      return await new Promise(() => undefined); // never answers: only its Lease ends this run
    });
    const slow = { ...config(), vault: rig().vaultConfig({ address }) };
    const result = await rig().runHere(slow, { timing: { leaseInMs: 600 } });
    assert.ok(isRenewed);
    assert.equal(result.code, 31, result.text);
    assert.equal(await holder(), "another-run");
  });

  it("is released by a run that SIGTERM ends, after the writes in progress", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `stopped-${index}`);
    const many = rig().config({ secrets: names.map((name) => external(name)) });
    await rig().vault.allow(many);
    await rig().source.setSecrets(Object.fromEntries(names.map((name) => [name, "value-1"])));
    const started = new Set<string>();
    const address = await rig().proxy(async ({ method, path }, forward) => {
      if (method === "POST" && path.startsWith("/v1/secret/data/")) {
        started.add(path.slice("/v1/secret/data/".length));
        if (started.size === 1) run.child.kill("SIGTERM");
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return await forward();
    });
    const run = rig().launch({ ...many, vault: rig().vaultConfig({ address }) });

    const { code, summary, text } = await run.result;

    assert.equal(code, 32, text);
    assert.match(String(summary["problem"]), /SIGTERM/);
    assert.ok(started.size < names.length, `${started.size} writes began`);
    assert.equal(summary["written"], started.size);
    for (const name of names) {
      const metadata = await rig().vault.metadata(name);
      // data and record, or neither
      assert.equal(metadata?.custom_metadata["vault-version"], started.has(name) ? "1" : undefined);
    }
    assert.equal(await holder(), undefined);
    assert.equal((await rig().cluster.status())?.cause, "terminated");
    assert.equal((await rig().runHere(many)).code, 0);
  });

  it("ends a run that takes longer than its deadline", async () => {
    const address = await rig().proxy(async ({ path }, forward) => {
      if (path === "/v1/auth/kubernetes/login") await new Promise(() => undefined); // never answers
      return await forward();
    });
    const late = { ...config(), vault: rig().vaultConfig({ address }), deadlineInSeconds: 1 };
    const { code, summary } = await rig().run(late);
    assert.equal(code, 32);
    assert.match(String(summary["problem"]), /not done after 1 s/);
  });
});
