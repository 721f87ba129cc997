import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { KeyVaultWriter } from "../../cli/access/key-vault.ts";
import { keyVaultOf } from "../../cli/operate/push.ts";
import { Redacted } from "../../domain/redacted.ts";
import { waitUntil } from "../../local/wait-until.ts";
import { runCommand } from "../support/command-line.ts";
import { startTimeout, useLocalChain } from "../support/local-chain.ts";
import { localCommands } from "../support/local-commands.ts";
import { describeAccess } from "./access.ts";
import { readingDeployment } from "../support/reading-deployment.ts";
import { testBinaries } from "../support/servers.ts";

const values = {
  GHCR_TOKEN: "canary-ghcr-token-1",
  GHCR_USERNAME: "canary-user",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: "canary-anthropic-1",
  OPENAI_API_KEY: "canary-openai-1",
};
const namespace = "ameide-local";

describe("a running environment", function () {
  this.timeout(startTimeout);
  const chain = useLocalChain(values);
  const { at, json } = localCommands(chain);
  describeAccess(chain);

  describe("in which a value changes", () => {
    it("rotate delivers a value from standard input to every consumer, and back", async () => {
      // a service's own, as the catalogue declares it: it would look again in an hour
      const theirs = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
      await chain().cluster.create(theirs, {
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { name: "workrequests-github-token-sync", namespace },
        spec: {
          refreshInterval: "1h",
          secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
          target: { name: "workrequests-github-token" },
          data: [{ secretKey: "token", remoteRef: { key: "ghcr-token", property: "value" } }],
        },
      });
      const words = ["rotate", "ghcr-token", "--stack", "local", "--json", ...chain().place];
      const rotated = await runCommand(words, {}, "canary-ghcr-token-2\n");
      assert.equal(rotated.code, 0, rotated.err);
      assert.doesNotMatch(`${rotated.out}${rotated.err}`, /canary/);
      for (const consumer of [namespace, "argocd"]) {
        assert.match((await chain().secret(consumer, "ghcr-pull"))[".dockerconfigjson"] ?? "", /canary-ghcr-token-2/);
      }
      assert.equal((await chain().secret(namespace, "workrequests-github-token"))["token"], "canary-ghcr-token-2");
      assert.equal((await at("rotate ghcr-token --rollback")).code, 0);
      // again, as after an interrupted rotation: the value neither goes back further nor forward
      assert.equal((await at("rotate ghcr-token --rollback")).code, 0);
      await chain().cluster.remove(`${theirs}/workrequests-github-token-sync`);
      assert.match((await chain().secret("argocd", "ghcr-pull"))[".dockerconfigjson"] ?? "", /canary-ghcr-token-1/);
    });

    it("rotate follows what somebody else wrote to Key Vault, without waiting for unrelated failures", async () => {
      const { cluster } = chain();
      const path = `/apis/external-secrets.io/v1/namespaces/argocd/externalsecrets/ghcr-pull-sync`;
      await cluster.patch(path, { spec: { secretStoreRef: { name: "nowhere" } } });
      const keyVault = new KeyVaultWriter(await keyVaultOf("local", { home: chain().home.dir }));
      const set = (value: string) => keyVault.set("langfuse-secret-key", new Redacted(value), { recover: false });
      await set("canary-langfuse-2");
      const { code, err } = await at("rotate langfuse-secret-key --from-source");
      assert.equal(code, 0, err);
      assert.equal((await chain().secret(namespace, "langfuse-secrets"))["LANGFUSE_SECRET_KEY"], "canary-langfuse-2");
      await set(values.LANGFUSE_SECRET_KEY);
      assert.equal((await at("rotate langfuse-secret-key --from-source")).code, 0);
      await cluster.patch(path, { spec: { secretStoreRef: { name: "ameide-vault" } } });
      assert.equal((await at("resync --namespace argocd")).code, 0);
    });

    it("rotate names the Deployment that still runs with the old value, and none after the printed restart", async () => {
      const { cluster } = chain();
      const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      await cluster.create(deployments, readingDeployment("chat", "langfuse-secrets", "environment"));
      await cluster.create(deployments, readingDeployment("files", "langfuse-secrets", "file"));
      const pods = async () => {
        const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent("app in (chat,files)")}`;
        return (await cluster.get<{ items: { metadata: { name: string }; status: { phase?: string } }[] }>(path)).items;
      };
      const run = async () => (await pods()).filter(({ status }) => status.phase === "Running");
      await waitUntil(async () => (await run()).length === 2, { inSeconds: 30, forWhat: "both pods to run" });
      const words = ["rotate", "langfuse-secret-key", "--stack", "local", ...chain().place];
      const rotated = await runCommand(words, {}, "canary-langfuse-3");
      assert.equal(rotated.code, 0, rotated.err);
      const restart = /restart it: (kubectl .*deployment\/chat)$/m.exec(rotated.out)?.[1] ?? "";
      assert.match(rotated.out, /^reads it from a file, within two minutes: ameide-local Deployment\/files$/m);
      assert.match((await at("doctor")).out, /consumer-not-restarted/);
      const { kubectl } = await testBinaries();
      const env = { HOME: chain().home.dir, KUBECONFIG: chain().home.kubeconfig };
      const former = new Set((await pods()).map(({ metadata }) => metadata.name));
      execFileSync(kubectl, restart.split(" ").slice(1), { env });
      await waitUntil(
        async () =>
          (await pods()).filter(({ metadata }) => !former.has(metadata.name)).length === 1 &&
          (await pods()).length === 2,
        { inSeconds: 60, forWhat: "chat's new pod to take the place of the former" },
      );
      assert.doesNotMatch((await at("doctor")).out, /consumer-not-restarted/);
      assert.equal((await at("rotate langfuse-secret-key --rollback")).code, 0);
      for (const name of ["chat", "files"]) await cluster.remove(`${deployments}/${name}?propagationPolicy=Background`);
    });

    it("rotate --restart restarts one workload after the other, and stops at the first that does not become ready", async () => {
      const { cluster, home, place } = chain();
      const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      const names = ["a-chat", "b-picky", "c-last"];
      for (const name of names)
        await cluster.create(deployments, readingDeployment(name, "langfuse-secrets", "environment"));
      // refuses the new value, as a service does if its account was not changed too
      const refuse = "process.env.LANGFUSE_SECRET_KEY.endsWith('-4') ? process.exit(1) : setInterval(() => {}, 60_000)";
      const containers = [{ name: "main", command: ["/nodejs/bin/node", "-e", refuse] }];
      await cluster.patch(
        `${deployments}/b-picky`,
        { spec: { minReadySeconds: 3, template: { spec: { containers } } } },
        "application/strategic-merge-patch+json",
      );
      interface Deployment {
        readonly metadata: { readonly generation: number };
        readonly spec: { readonly template: { readonly metadata: { readonly annotations?: object } } };
        readonly status?: Partial<
          Record<"observedGeneration" | "updatedReplicas" | "availableReplicas" | "replicas", number>
        >;
      }
      const of = (name: string) => cluster.get<Deployment>(`${deployments}/${name}`);
      const isReady = async (name: string) => {
        const { metadata, status = {} } = await of(name);
        const { observedGeneration, updatedReplicas, availableReplicas, replicas } = status;
        // a controller that has seen the change has not yet made a pod of it
        const isRolledOut = observedGeneration === metadata.generation && updatedReplicas === 1;
        return isRolledOut && availableReplicas === 1 && replicas === 1;
      };
      const allReady = async () => (await Promise.all(names.map(isReady))).every(Boolean);
      await waitUntil(allReady, { inSeconds: 60, forWhat: "all three to be ready" });
      const words = ["rotate", "langfuse-secret-key", "--stack", "local", "--restart", "--timeout", "20", ...place];
      const rotated = await runCommand(words, {}, "canary-langfuse-4");
      assert.equal(rotated.code, 1, rotated.err);
      assert.match(rotated.out, /^restarted, and ready: ameide-local Deployment\/a-chat$/m);
      assert.match(rotated.out, /^not ready: ameide-local Deployment\/b-picky: .*; nothing was restarted after it$/m);
      assert.match(rotated.out, /^restart it: kubectl .*deployment\/c-last$/m);
      assert.equal((await of("c-last")).spec.template.metadata.annotations, undefined);
      const undo = /fix: (kubectl .* rollout undo deployment\/b-picky)$/m.exec(rotated.out)?.[1] ?? "";
      const env = { HOME: home.dir, KUBECONFIG: home.kubeconfig };
      execFileSync((await testBinaries()).kubectl, undo.split(" ").slice(1), { env });
      const back = await at("rotate langfuse-secret-key --rollback --restart");
      assert.equal(back.code, 0, back.err);
      await waitUntil(allReady, { inSeconds: 60, forWhat: "all three to be ready again" });
      assert.doesNotMatch((await at("doctor")).out, /consumer-not-restarted/);
      for (const name of names) await cluster.remove(`${deployments}/${name}?propagationPolicy=Background`);
    });

    it("rotate fails on no value, on a placeholder, and on a secret that its owner rotates", async () => {
      const refused = async (name: string, input: string) => {
        const ended = await runCommand(["rotate", name, "--stack", "local", "--json", ...chain().place], {}, input);
        return [ended.code, (JSON.parse(ended.out) as { error: { code: string } }).error.code];
      };
      assert.deepEqual(await refused("ghcr-token", "\n"), [1, "rotation-empty"]);
      assert.deepEqual(await refused("ghcr-token", "CHANGEME"), [1, "rotation-placeholder"]);
      assert.equal((await refused("minio-root-credentials", "x"))[0], 2);
    });

    it("env push writes new values and those that it wrote before, and nothing over a value that was rotated elsewhere", async () => {
      const file = (changed: object) => ["--dotenv", chain().envFile({ ...values, ...changed })];
      const push = async (...more: string[]) => {
        const { code, value } = await json<{ name: string; verdict: string }[]>("env push", ...more);
        return { code, verdicts: Object.fromEntries(value.map(({ name, verdict }) => [name, verdict])) };
      };
      // the first one from here: what is in Key Vault was written by `local up`
      const changed = await push(...file({ OPENAI_API_KEY: "canary-openai-2" }));
      assert.deepEqual([changed.code, changed.verdicts["openai-api-key"]], [0, "changed"]);
      assert.equal((await push(...file({ OPENAI_API_KEY: "canary-openai-2" }))).verdicts["openai-api-key"], "same");
      const elsewhere = await runCommand(
        ["rotate", "openai-api-key", "--stack", "local", ...chain().place],
        {},
        "canary-3",
      );
      assert.equal(elsewhere.code, 0, elsewhere.err);
      const conflict = await push(...file({ ANTHROPIC_API_KEY: "canary-anthropic-2" }));
      assert.deepEqual(
        [conflict.code, conflict.verdicts["openai-api-key"], conflict.verdicts["anthropic-api-key"]],
        [1, "conflict", "changed"],
      );
      assert.equal((await at("drift", ...file({ OPENAI_API_KEY: "canary-3" }))).code, 0);
    });
  });
});
