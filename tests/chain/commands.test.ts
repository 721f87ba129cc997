import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { registerStack } from "../../chain.ts";
import { KeyVaultWriter } from "../../cli/access/key-vault.ts";
import { vaultCall, vaultState } from "../../cli/access/vault.ts";
import { destroyChain } from "../../cli/deploy/destroy.ts";
import { localEngine } from "../../cli/deploy/local-engine.ts";
import { loadLocalStack, localArm } from "../../cli/access/local-stack.ts";
import { updateStack } from "../../cli/deploy/engine/deploy.ts";
import { openStack } from "../../cli/deploy/engine/stack.ts";
import { Phases } from "../../cli/phases.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { startProviders } from "../../stand-ins/providers/start.ts";
import { recordedIo } from "../cli/recorded-io.ts";
import { liveProviders } from "../engine/live-providers.ts";
import { testBinaries } from "../support/servers.ts";
import { keyVaultOf } from "../../cli/operate/push.ts";
import { storedRootToken } from "../support/open-vault.ts";
import { Redacted } from "../../domain/redacted.ts";
import { auditorPolicyName } from "../../domain/resources/vault-policies.ts";
import { armRequest } from "../support/arm.ts";
import { silenceSchedule, startTimeout, useLocalChain } from "../support/local-chain.ts";
import { localCommands } from "../support/local-commands.ts";

const values = {
  GHCR_TOKEN: "canary-ghcr-token-1",
  GHCR_USERNAME: "canary-user",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: "canary-anthropic-1",
  OPENAI_API_KEY: "canary-openai-1",
};
const namespace = "ameide-local";

describe("the commands in a running environment", function () {
  this.timeout(startTimeout);
  const chain = useLocalChain(values);

  const { call, at, json } = localCommands(chain);
  const root = () => storedRootToken(chain().cluster, namespace);
  const vault = async <T = unknown>(method: "GET" | "POST" | "PUT", path: string, body?: object) =>
    vaultCall<T>({ address: chain().home.vaultUrl }, await root(), method, `/v1/${path}`, body);
  const versions = async (): Promise<Readonly<Record<string, number>>> => {
    const { data } = await vault<{ data: { keys: string[] } }>("GET", "secret/metadata?list=true");
    const pairs = data.keys
      .filter((key) => !key.endsWith("/"))
      .map(async (key) => {
        const read = await vault<{ data: { current_version: number } }>("GET", `secret/metadata/${key}`);
        return [key, read.data.current_version] as const;
      });
    return Object.fromEntries(await Promise.all(pairs));
  };
  before(() => silenceSchedule(chain().cluster));
  const events = async (reason: string) => {
    const { items } = await chain().cluster.get<{ items: { reason: string; message: string }[] }>(
      `/api/v1/namespaces/${namespace}/events`,
    );
    return items.filter((event) => event.reason === reason).map(({ message }) => message);
  };

  it("doctor and validate find nothing wrong, with every value proven", async () => {
    assert.equal((await at("doctor")).code, 0);
    const { code, value } = await json<{ ok: boolean; checks: unknown[] }>("validate", "--prove");
    assert.deepEqual([code, value.ok, value.checks.length], [0, true, 5]);
  });

  it("lineage follows one secret to each namespace that has it, and who-uses names them", async () => {
    const { code, value } = await json<{ hops: { sameAsBefore?: boolean }[] }>("lineage ghcr-token");
    assert.equal(code, 0);
    assert.equal(value.hops.at(-1)?.sameAsBefore, true);
    const { out } = await at("who-uses ghcr-token");
    assert.match(out, /ameide-local[\s\S]*argocd|argocd[\s\S]*ameide-local/);
  });

  it("reading changes nothing in Kubernetes, Vault or Azure, and leaves no token behind", async () => {
    const { cluster, home } = chain();
    interface Item {
      readonly metadata: Record<string, unknown>;
      readonly status?: unknown;
    }
    const objects = async (path: string) =>
      (await cluster.get<{ items: Item[] }>(path)).items.map((item) => {
        // ESO writes the status of what it refreshes, whoever looks
        const moving = { resourceVersion: undefined, managedFields: undefined };
        return { ...item, status: undefined, metadata: { ...item.metadata, ...moving } };
      });
    const writes = async () => {
      const { requests } = JSON.parse(await armRequest(localArm(home), "GET", "/_stand-in/counters")) as {
        requests: Record<string, number>;
      };
      return Object.fromEntries(
        Object.entries(requests).filter(([kind]) => /set|write|delete|update|recover|purge/.test(kind)),
      );
    };
    // those of the command line; ESO and vault-bootstrap log in all the time
    const auditors = async () => {
      const { data } = await vault<{ data: { keys: string[] } }>("GET", "auth/token/accessors?list=true");
      const looked = data.keys.map((accessor) =>
        vault<{ data: { policies: string[] } }>("POST", "auth/token/lookup-accessor", { accessor }).catch(
          () => undefined,
        ),
      );
      return (await Promise.all(looked)).filter((token) => token?.data.policies.includes(auditorPolicyName)).length;
    };
    // all that the API server stores, but for what moves whoever looks
    const moving = /^(events|leases|nodes|pods|jobs|cronjobs|externalsecrets|secretstores)$/;
    const revisions = async () => {
      const { groups } = await cluster.get<{ groups: { preferredVersion: { groupVersion: string } }[] }>("/apis");
      const roots = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
      const kinds = roots.map(async (rootPath) => {
        const { resources } = await cluster.get<{ resources: { name: string; verbs: string[] }[] }>(rootPath);
        return resources
          .filter(({ name, verbs }) => verbs.includes("list") && verbs.includes("create") && !moving.test(name))
          .map(({ name }) => `${rootPath}/${name}`);
      });
      const lists = (await Promise.all(kinds)).flat().map(async (path) => {
        const found = await cluster.metadata(path);
        return found
          .filter(({ name }) => name !== "vault-bootstrap-status") // written by the clock
          .map(({ uid, resourceVersion }) => `${path} ${uid ?? ""} ${String(resourceVersion)}`);
      });
      return (await Promise.all(lists)).flat().toSorted();
    };
    const vaultSettings = async () => {
      const keys = async (path: string) => (await vault<{ data: { keys: string[] } }>("GET", path)).data.keys;
      const each = (names: readonly string[], path: string) =>
        Promise.all(names.map(async (name) => (await vault<{ data: unknown }>("GET", `${path}/${name}`)).data));
      return {
        mounts: (await vault<{ data: unknown }>("GET", "sys/mounts")).data,
        auth: (await vault<{ data: unknown }>("GET", "auth/kubernetes/config")).data,
        roles: await each(await keys("auth/kubernetes/role?list=true"), "auth/kubernetes/role"),
        policies: await each(
          (await keys("sys/policies/acl?list=true")).filter((name) => name !== "root"),
          "sys/policies/acl",
        ),
      };
    };
    const look = async () => ({
      revisions: await revisions(),
      vaultSettings: await vaultSettings(),
      secrets: await objects("/api/v1/secrets"),
      stores: await objects("/apis/external-secrets.io/v1/secretstores"),
      externalSecrets: await objects("/apis/external-secrets.io/v1/externalsecrets"),
      versions: await versions(),
      tokens: await auditors(),
      writes: await writes(),
    });
    // those of before may end their time in between; no look makes one
    const manualJobs = async () =>
      (await objects("/apis/batch/v1/jobs"))
        .filter(({ metadata }) => isManual(metadata))
        .map(({ metadata }) => (metadata as { readonly name?: string }).name);
    const jobsBefore = await manualJobs();
    const before = await look();
    for (const words of [
      "doctor",
      `doctor --bundle ${join(home.dir, "bundle.json")}`,
      "validate",
      "validate --prove",
      `graph --out ${join(home.dir, "graph.html")}`,
      "bootstrap logs",
      "lineage ghcr-token",
      "drift",
      "who-uses ghcr-token",
      "rotation",
      "rotation --due",
      "guard",
    ]) {
      const { code, out, err } = await at(words);
      assert.equal(code, 0, `${words}: ${out}${err}`);
    }
    assert.equal((await call("local status")).code, 0);
    assert.deepEqual(await look(), before);
    assert.deepEqual(
      (await manualJobs()).filter((name) => !jobsBefore.includes(name)),
      [],
    );
  });

  it("drift names what somebody changed in Vault; bootstrap run and resync deliver the right value again", async () => {
    await vault("POST", "secret/data/openai-api-key", {
      data: { value: "by-hand" },
      options: { cas: (await versions())["openai-api-key"] },
    });
    assert.equal((await at("resync --namespace ameide-local")).code, 0);
    assert.equal((await chain().secret(namespace, "inference-api-credentials"))["OPENAI_API_KEY"], "by-hand");
    const { code, value } = await json<{ name: string }[]>("drift");
    assert.deepEqual([code, value.map(({ name }) => name)], [1, ["openai-api-key"]]);
    const run = await at("bootstrap run --follow");
    assert.equal(run.code, 0, run.err);
    assert.match(run.err, /"event":"summary"/);
    assert.equal((await at("resync")).code, 0);
    assert.equal(
      (await chain().secret(namespace, "inference-api-credentials"))["OPENAI_API_KEY"],
      values.OPENAI_API_KEY,
    );
    assert.equal((await at("drift")).code, 0);
  });

  it("bootstrap run --dry-run prints its plan and writes nothing", async () => {
    const before = await versions();
    const keyVault = new KeyVaultWriter(await keyVaultOf("local", { home: chain().home.dir }));
    const set = (value: string) => keyVault.set("langfuse-secret-key", new Redacted(value), { recover: false });
    await set("canary-langfuse-dry");
    const { code, err, out } = await at("bootstrap run --dry-run --follow");
    await set(values.LANGFUSE_SECRET_KEY);
    assert.equal(code, 0, err);
    assert.match(out, /^would write langfuse-secret-key to Vault secret\/langfuse-secret-key$/m);
    assert.deepEqual(await versions(), before);
    assert.match((await at("bootstrap logs")).out, /"event":"summary"/);
  });

  it("unseal shows what it would do, does it after the stack is confirmed, and creates an Event", async () => {
    assert.match((await at("unseal")).out, /nothing to unseal/);
    await vault("PUT", "sys/seal");
    const dry = await at("unseal");
    assert.deepEqual([dry.code, await vaultState({ address: chain().home.vaultUrl })], [1, "sealed"]);
    assert.equal((await at("unseal --confirm dev")).code, 2);
    assert.equal((await at("doctor")).code, 1);
    const done = await at("unseal --confirm local --reason drill");
    assert.equal(done.code, 0, done.err);
    assert.equal(await vaultState({ address: chain().home.vaultUrl }), "active");
    assert.match((await events("VaultUnsealed")).join(), /unsealed by ameide-secrets: drill$/);
    assert.equal((await at("resync")).code, 0);
  });

  it("reconfigure-auth removes a pinned reviewer token and changes nothing else", async () => {
    const { data: before } = await vault<{ data: Record<string, unknown> }>("GET", "auth/kubernetes/config");
    assert.match((await at("reconfigure-auth")).out, /nothing to change/);
    await vault("POST", "auth/kubernetes/config", { ...before, token_reviewer_jwt: "ey.pinned.token" });
    const dry = await at("reconfigure-auth");
    assert.equal(dry.code, 1);
    assert.match(dry.out, /token_reviewer_jwt \(pinned\)/);
    assert.equal((await at("reconfigure-auth --confirm local")).code, 0);
    assert.deepEqual((await vault<{ data: unknown }>("GET", "auth/kubernetes/config")).data, before);
    assert.equal((await at("resync")).code, 0);
  });

  it("guard names what deny would refuse, with the rule and its fix", async () => {
    const { cluster } = chain();
    const bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
    const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>(bindings);
    for (const { metadata } of items) await cluster.remove(`${bindings}/${metadata.name}`);
    const path = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
    const unlawful = {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "database-sync", namespace },
      spec: {
        secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
        target: { name: "database" },
        data: [{ secretKey: "password", remoteRef: { key: "postgres-ameide-auth", property: "value" } }],
      },
    };
    // a binding that is gone is still in force for a moment
    for (let made = false; !made;)
      made = await cluster.create(path, unlawful).then(
        () => true,
        () => false,
      );
    const { code, value } = await json<{ wouldBreak: { code: string; where: string; fix: string }[] }>("guard");
    assert.equal(code, 1);
    assert.deepEqual(
      value.wouldBreak.map((finding) => [finding.code, finding.where]),
      [["authority-cluster-managed", "ExternalSecret ameide-local/database-sync"]],
    );
    assert.match(
      (await at("guard")).out,
      /^.* deny would refuse the next change of 1; [\s\S]*database-sync: .*\n {2}fix: /,
    );
    await cluster.remove(`${path}/database-sync`);
    assert.equal((await at("guard")).code, 0);
  });

  it("prune deletes a retired name from Key Vault and Vault after confirmation, and no other", async () => {
    const keyVault = new KeyVaultWriter(await keyVaultOf("local", { home: chain().home.dir }));
    await keyVault.set("env-ghcr-token", new Redacted("canary-old"), { recover: false });
    await vault("POST", "secret/data/env-ghcr-token", { data: { value: "canary-old" } });
    await vault("POST", "secret/metadata/env-ghcr-token", {
      custom_metadata: { "managed-by": "ameide-secrets/vault-bootstrap" },
    });

    const verdicts = async (...more: string[]) => {
      const { code, value } = await json<{ where: string; verdict: string }[]>("prune env-ghcr-token", ...more);
      return [code, ...value.map(({ where, verdict }) => `${where}: ${verdict}`)];
    };
    const shown = [1, "state: absent", "Key Vault: goes", "Vault: goes"];
    assert.deepEqual(await verdicts(), shown);
    assert.deepEqual(await verdicts(), shown);
    assert.deepEqual(await verdicts("--yes"), [0, ...shown.slice(1)]);
    assert.deepEqual(await verdicts(), [0, "state: absent", "Key Vault: absent", "Vault: absent"]);

    await vault("POST", "secret/data/env-of-others", { data: { value: "canary-others" } });
    assert.match(
      (await at("prune env-of-others --yes")).out,
      /Vault +env-of-others +kept: not written by vault-bootstrap/,
    );
    assert.equal((await at("prune ghcr-token --yes")).code, 2);
    assert.equal((await versions())["env-of-others"], 1);
  });

  it("destroy removes an environment and leaves Vault's data, the live Secrets and the identity", async () => {
    const { home, cluster } = chain();
    const { signal } = new AbortController();
    const loaded = await loadLocalStack(home, [chain().envFile(values)]);
    const stack = protectedStack(loaded);
    const binaries = await testBinaries();
    const openEngine = async (token: Redacted) => {
      const providers = await startProviders(liveProviders(home, token.reveal()));
      const engine = localEngine(home, binaries);
      return {
        stack: await openStack({
          program: () => {
            // as on a cloud, where neither is of this program
            pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
              /:(Namespace|ResourceGroup)$/.test(type) ? { props, opts: { ...opts, protect: true } } : undefined,
            );
            return Promise.resolve(registerStack(stack));
          },
          ...engine,
          env: { ...engine.env, PULUMI_DEBUG_PROVIDERS: providers.debugProviders },
        }),
        close: () => providers.close(),
      };
    };
    const protecting = await openEngine(await root());
    await updateStack(protecting.stack, { policyPacks: [], signal });
    await protecting.close();

    const before = await chain().secret("argocd", "ghcr-pull");
    const phases = new Phases(recordedIo(), signal);
    const run = { stack, cluster, vaultAddress: home.vaultUrl, openEngine, phases, signal };
    const shown = await destroyChain({ ...run, preview: true });
    const { changes, stays } = await destroyChain({ ...run, preview: false });
    assert.deepEqual(changes.map(({ urn }) => urn).toSorted(), shown.changes.map(({ urn }) => urn).toSorted());

    const kept = (type: RegExp) => stays.filter((one) => type.test(one.type)).map(({ because }) => because);
    assert.deepEqual(kept(/:Mount$|:AuthBackend$/), ["protected", "protected"]);
    assert.deepEqual(kept(/:UserAssignedIdentity$|:Vault$/), ["protected", "protected"]);
    assert.deepEqual(new Set(kept(/:ExternalSecret$|:SecretStore$/)), new Set(["retained"]));
    assert.deepEqual(await chain().secret("argocd", "ghcr-pull"), before);
    assert.equal(
      (await cluster.get<{ items: object[] }>("/apis/external-secrets.io/v1/externalsecrets")).items.length,
      4,
    );
    assert.ok(Object.keys(await versions()).length > 20);
    const policies = (await vault<{ data: { keys: string[] } }>("GET", "sys/policies/acl?list=true")).data.keys;
    assert.deepEqual(
      policies.filter((name) => name.startsWith("ameide-secrets")),
      [],
      "with its own policy gone in the middle, the run could not have gone on",
    );
    assert.equal(
      await cluster.find(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${stack.bootstrap.name}`),
      undefined,
    );
  });

  it("local down stops everything and keeps its data until --delete", async () => {
    const { home } = chain();
    assert.equal((await call("local down")).code, 0);
    assert.equal((await call("local status")).code, 1);
    assert.ok(existsSync(join(home.dir, "kubeconfig")));
  });
});

/** Made by the command line, as `kubectl create job --from` makes one; the schedule makes others. */
function isManual({ annotations }: Record<string, unknown>): boolean {
  return (annotations as Record<string, string> | undefined)?.["cronjob.kubernetes.io/instantiate"] === "manual";
}

/** The stack with what a cloud's has: nothing that holds values goes. */
function protectedStack(stack: EnvironmentStack): EnvironmentStack {
  return {
    ...stack,
    strictness: { ...stack.strictness, protect: true },
    ...(stack.shared === undefined ? {} : { shared: { ...stack.shared, protect: true } }),
  };
}
