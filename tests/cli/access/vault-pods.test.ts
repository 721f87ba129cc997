import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { healthOfPods, preferredPod, vaultPodsOf, type VaultPods } from "../../../cli/access/vault-way.ts";
import { vaultCall, vaultState } from "../../../cli/access/vault.ts";
import { formatDiagnosis } from "../../../cli/operate/format-diagnosis.ts";
import type { ConnectedStack } from "../../../cli/operate/connected-stack.ts";
import { unsealVault } from "../../../cli/operate/vault-repairs.ts";
import { KubernetesError } from "../../../clients/kubernetes.ts";
import type { VaultState } from "../../../clients/vault.ts";
import { explain } from "../../../diagnose/explain.ts";
import { vaultReader } from "../../../diagnose/observe/access.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { startCompanyVault, type CompanyVault } from "../../support/company-vault.ts";
import { environmentStack } from "../../support/stacks.ts";

describe("vaultPodsOf", () => {
  const namesAmong = (get: () => Promise<unknown>) =>
    vaultPodsOf(environmentStack("dev"), { get } as unknown as ConnectedStack["cluster"]).names();

  it("names the pods of the StatefulSet by their number, and no other pod", async () => {
    const names = ["vault-core-dev-10", "vault-core-dev-2", "vault-core-dev-0", "vault-core-dev-agent-1", "other-0"];
    const items = names.map((name) => ({ metadata: { name } }));
    assert.deepEqual(await namesAmong(() => Promise.resolve({ items, metadata: {} })), [
      "vault-core-dev-0",
      "vault-core-dev-2",
      "vault-core-dev-10",
    ]);
  });
  it("names only the first if pods may not be listed", async () =>
    assert.deepEqual(await namesAmong(() => Promise.reject(new KubernetesError(403, "forbidden"))), [
      "vault-core-dev-0",
    ]));
});

describe("a Vault with three pods, on a raft cluster of three OpenBao", function () {
  this.timeout(60_000);
  let company: CompanyVault;
  let key: string;
  let root: Redacted;
  before(async () => {
    company = await startCompanyVault(3);
    const made = await vaultCall<{ root_token: string; keys: [string] }>(target(0), undefined, "PUT", "/v1/sys/init", {
      secret_shares: 1,
      secret_threshold: 1,
    });
    key = made.keys[0];
    root = new Redacted(made.root_token);
    await vaultCall(target(0), undefined, "PUT", "/v1/sys/unseal", { key });
    await until(0, "active");
    await until(1, "sealed"); // they have joined
    await until(2, "sealed");
  });
  after(() => company.stop());

  const target = (index: number) => ({ address: company.addresses[index] ?? "", ca: company.ca });
  const until = async (index: number, ...wanted: readonly VaultState[]): Promise<void> => {
    while (!wanted.includes(await vaultState(target(index)))) await delay(50);
  };
  const pods: VaultPods = {
    names: () => Promise.resolve(["vault-0", "vault-1", "vault-2"]),
    open: (name) => Promise.resolve({ target: target(Number(name.at(-1))), close: () => Promise.resolve() }),
  };
  const states = async () => (await healthOfPods(pods)).map(({ health }) => health.state);
  const votes = async () => {
    const path = "/v1/sys/storage/raft/configuration";
    const { data } = await vaultCall<{ data: { config: { servers: { voter: boolean }[] } } }>(
      target(0),
      root,
      "GET",
      path,
    );
    return data.config.servers.map(({ voter }) => voter);
  };
  const place = () => {
    const data = { "unseal-key": Buffer.from(key).toString("base64") };
    const cluster = { find: () => Promise.resolve({ data }), create: () => Promise.resolve({}) };
    return { stack: environmentStack("dev"), cluster } as unknown as ConnectedStack;
  };

  it("has doctor name each pod, and the ones that are sealed as a cause", async () => {
    const stack = environmentStack("dev");
    const access = { kubernetes: "no cluster", azure: "no Azure", vault: vaultReader(target(0)) };
    const vaultPods = async () => (await healthOfPods(pods)).map(({ name, health }) => ({ name, ...health }));
    const snapshot = await observe(stack, { ...access, vaultPods });
    const diagnosis = explain(snapshot, stack);
    const { evidence, fixes } = diagnosis.causes.find(({ code }) => code === "vault-pod-sealed") ?? {};
    assert.deepEqual(
      evidence?.map(({ where, seen }) => `${where}: ${seen}`),
      [1, 2].map(
        (index) =>
          `Vault pod ameide-dev/vault-${index}: sealed; of all: vault-0 active, vault-1 sealed, vault-2 sealed`,
      ),
    );
    assert.deepEqual(fixes, ["ameide-secrets unseal --stack dev"]);
    assert.match(formatDiagnosis(diagnosis, snapshot), /\nvault: vault-0 active, vault-1 sealed, vault-2 sealed\n/);
  });

  it("is shown pod by pod, and changes only with a confirmation", async () => {
    const { needed, found, did } = await unsealVault(place(), { change: false, reason: "" }, pods);
    assert.equal(needed, true);
    assert.equal(found, "Vault's pods in ameide-dev: vault-0 active, vault-1 sealed, vault-2 sealed");
    assert.match(did, /^would unseal vault-1, vault-2 with/);
    assert.deepEqual(await states(), ["active", "sealed", "sealed"]);
  });

  it("has every sealed pod unsealed, not only the first", async () => {
    const { did } = await unsealVault(place(), { change: true, reason: "a test" }, pods);
    assert.match(did, /^unsealed vault-1, vault-2;/);
    await until(1, "standby");
    await until(2, "standby");
    const { needed, found } = await unsealVault(place(), { change: true, reason: "a test" }, pods);
    assert.deepEqual(
      [needed, found],
      [false, "Vault's pods in ameide-dev: vault-0 active, vault-1 standby, vault-2 standby"],
    );
  });

  it("is reached at the active pod, after the first was sealed", async () => {
    assert.equal(await preferredPod(pods), "vault-0");
    // a node that joined votes only after a while, and without votes nobody becomes active
    while (!(await votes()).every((isVoter) => isVoter)) await delay(100);
    await vaultCall(target(0), root, "PUT", "/v1/sys/seal");
    while (!(await states()).includes("active")) await delay(50);
    const active = await preferredPod(pods);
    assert.match(active, /^vault-[12]$/);
    assert.equal((await states())[0], "sealed");
    await unsealVault(place(), { change: true, reason: "a test" }, pods);
    await until(0, "standby", "active");
  });
});
