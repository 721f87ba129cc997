import assert from "node:assert/strict";
import { deliveryAccess } from "../../domain/manifests/bootstrap-access.ts";
import { bootstrapName } from "../../domain/names.ts";
import { environmentStack } from "../support/stacks.ts";
import { namespace } from "./azure-setup.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

describe("deliver", function () {
  this.timeout(30_000);
  const rig = useRig();

  /** One run that writes `name`, which the ExternalSecret `<name>-sync` reads. */
  async function runWith(name: string, value: string, options: Parameters<ReturnType<typeof rig>["runHere"]>[1] = {}) {
    const deliveries = [{ namespace, name: `${name}-sync`, paths: [name] }];
    const config = rig().config({ secrets: [external(name)], deliveries });
    await rig().vault.allow(config);
    await rig().source.setSecrets({ [name]: value });
    const ended = await rig().runHere(config, options);
    const status = (await rig().cluster.status())?.secrets.find((one) => one.path === name);
    return { ...ended, status };
  }

  it("reports a run as ok if it may not change an ExternalSecret, and reports the secret", async () => {
    const { code, status, summary } = await runWith("not-allowed", "value-1");
    assert.equal(code, 0);
    assert.match(status?.notDelivered?.join() ?? "", /^ameide-local\/not-allowed-sync: PATCH .* 403 .*cannot patch/);
    assert.deepEqual([summary["written"], summary["notDelivered"]], [1, 1]);
  });

  before(async () => {
    const deliveries = ["gone", "unreported"].map((name) => ({ namespace, name: `${name}-sync`, paths: [name] }));
    const { bootstrap } = environmentStack("local");
    const config = { ...bootstrap.config, deliveries };
    const stack = environmentStack("local", { namespace, bootstrap: { ...bootstrap, name: bootstrapName, config } });
    for (const { role, binding } of deliveryAccess(stack)) {
      const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
      await rig().cluster.call("POST", `${rbac}/roles`, role);
      await rig().cluster.call("POST", `${rbac}/rolebindings`, binding);
    }
  });

  it("skips an ExternalSecret that does not exist, and makes no call if nothing was written", async () => {
    const { code, status, text } = await runWith("gone", "value-1");
    assert.equal(code, 0, text);
    assert.deepEqual([status?.outcome, status?.deliveredAt, status?.notDelivered], ["written", undefined, undefined]);
    assert.match(text, /"phase":"deliver"/);
    assert.doesNotMatch((await runWith("gone", "value-1")).text, /"phase":"deliver"/);
  });

  it("delivers once what an earlier run wrote but could not report", async () => {
    const isAsked = ({ text }: { readonly text: string }) => text.includes('"phase":"deliver"');
    await runWith("unreported", "value-1");
    const kubernetesAddress = await rig().kubernetesProxy(async ({ method, path }, forward) =>
      method === "PATCH" && path.includes("/configmaps/") ? { status: 403, body: "{}" } : await forward(),
    );
    const unreported = await runWith("unreported", "value-2", { kubernetesAddress });
    assert.equal(unreported.status?.vaultVersion, 1, unreported.text);
    const next = await runWith("unreported", "value-2");
    assert.deepEqual([next.status?.outcome, next.status?.vaultVersion, isAsked(next)], ["unchanged", 2, true]);
    assert.equal(isAsked(await runWith("unreported", "value-2")), false);
  });

  it("does nothing in a dry run", async () => {
    assert.doesNotMatch((await runWith("planned", "value-1", { dryRun: true })).text, /"phase":"deliver"/);
  });
});
