import assert from "node:assert/strict";
import { namespace } from "./azure-place.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

describe("Lease", function () {
  this.timeout(30_000);
  const rig = useRig();
  const config = () => rig().config({ secrets: [external("one-at-a-time")] });
  const holder = async () => (await rig().cluster.call("GET", `${leases}/vault-bootstrap`)).body.spec?.holderIdentity;

  /** A Lease of another run that was renewed so many seconds ago. */
  const heldByAnother = async (renewedSecondsAgo: number) => {
    await rig().cluster.endLease();
    const renewTime = new Date(Date.now() - renewedSecondsAgo * 1000).toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: "another-run", leaseDurationSeconds: 30, acquireTime: renewTime, renewTime };
    await rig().cluster.call("POST", leases, { metadata: { name: "vault-bootstrap", namespace }, spec });
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

  it("fails as kubernetes-unreachable or kubernetes-refused where the API server cannot be asked for it", async () => {
    const unreachable = await rig().runHere(config(), { kubernetesAddress: "https://127.0.0.1:1" });
    assert.equal(unreachable.code, 40, unreachable.text);
    const refused = await rig().runHere({ ...config(), lease: "of-somebody-else" });
    assert.equal(refused.code, 41, refused.text);
    assert.match(String(refused.summary["problem"]), /take Lease ameide-local\/of-somebody-else: .*403/);
  });

  it("is taken over once it has run out: its run was killed", async () => {
    await heldByAnother(31);
    const { code, text } = await rig().runHere(config());
    assert.equal(code, 0, text);
  });

  it("is waited for by a run that may wait", async () => {
    await heldByAnother(29);
    const result = await rig().runHere(config(), { timing: { leaseWaitInMs: 10_000 } });
    assert.equal(result.code, 0, result.text);
    assert.ok(
      result.lines.some(({ event, holder: other }) => event === "waiting-for-another-run" && other === "another-run"),
    );
  });

  it("lets one of two bootstraps through that begin in the same moment", async () => {
    const results = await Promise.all([rig().run(config()), rig().run(config())]);
    const codes = results.map(({ code }) => code).toSorted((a, b) => Number(a) - Number(b));
    // the second either met the first, or began after it had ended
    assert.equal(codes[0], 0, results[0]?.text);
    assert.ok(codes[1] === 31 || codes[1] === 0, results.map(({ text }) => text).join("\n"));
  });

  it("is renewed while the run lasts, and ends a run that lost it", async () => {
    let waits = 0;
    const address = await rig().proxy(async ({ path }, forward) => {
      if (path === "/v1/auth/kubernetes/login") {
        waits++;
        await new Promise((resolve) => setTimeout(resolve, 400));
        await heldByAnother(0);
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
      return await forward();
    });
    const slow = { ...config(), vault: rig().vaultConfig({ address }) };
    const result = await rig().runHere(slow, { timing: { leaseInMs: 600 } });
    assert.equal(result.code, 31, result.text);
    assert.equal(waits, 1);
    assert.equal(await holder(), "another-run");
  });

  it("is given back by a run that SIGTERM ends, after the writes in hand", async () => {
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
