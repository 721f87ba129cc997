import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCluster } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { connectStack, type ConnectedStack } from "../../cli/operate/connected-stack.ts";
import { shortToken, type ShortToken } from "../../cli/access/vault.ts";
import { storedRootToken } from "../support/open-vault.ts";
import { isWhole } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { vaultReader } from "../../diagnose/observe/access.ts";
import { observe, type ObserveOptions } from "../../diagnose/observe/observe.ts";
import { validate } from "../../diagnose/validate.ts";
import { auditorPolicyName } from "../../domain/resources/vault-policies.ts";
import { runCommand } from "../support/command-line.ts";
import { describeIsolation } from "./isolation.ts";
import { startTimeout, type LocalChain } from "../support/local-chain.ts";

/** Registers what each role is allowed to do, and which missing right is reported to a role that is allowed less. */
export function describeAccess(chain: () => LocalChain): void {
  describe("what a person or an account is not allowed to read", function () {
    this.timeout(startTimeout);
    let connected: ConnectedStack;
    after(() => connected.close());
    before(async () => {
      connected = await connectStack({
        stack: "local",
        home: chain().home.dir,
        portBase: String(chain().home.portBase),
      });
    });

    const tokenWith = async (policy: string) => {
      const root = await storedRootToken(connected.cluster, connected.stack.namespace);
      return shortToken({ vault: { address: connected.stack.vault.operatorAddress }, root, policy, ttl: "10m" });
    };
    const lookWith = ({ token }: ShortToken, options: ObserveOptions = {}) => {
      const vault = vaultReader({ address: connected.stack.vault.operatorAddress }, token);
      return observe(connected.stack, { ...connected.access, vault }, options);
    };

    it("is nothing that doctor and validate need, with the auditor's policy", async () => {
      const short = await tokenWith(auditorPolicyName);
      const snapshot = await lookWith(short);
      const diagnosis = explain(snapshot, connected.stack);
      assert.deepEqual([isWhole(diagnosis), diagnosis.causes], [true, []]);
      assert.equal(validate(snapshot, connected.stack).ok, true);
      await short.revoke();
    });

    it("is a value: with the auditor's policy `validate --prove` names the missing right and proves nothing", async () => {
      const short = await tokenWith(auditorPolicyName);
      const snapshot = await lookWith(short, { compareValues: true });
      const { checks, ok } = validate(snapshot, connected.stack, { prove: true });
      assert.equal(ok, false);
      const unknown = checks.flatMap(({ items }) => items).filter(({ state }) => state === "unknown");
      assert.ok(unknown.length >= 5); // secrets of the catalogue
      for (const { note } of unknown) assert.match(note, /`read` on its data path is missing/);
      await short.revoke();
    });

    it("is all of Vault with a token without a policy: each path is reported with the missing right", async () => {
      const short = await tokenWith("default");
      const { causes } = explain(await lookWith(short), connected.stack);
      assert.deepEqual(
        causes.map(({ code, evidence }) => [code, evidence.map(({ where }) => where)]),
        [
          [
            "vault-not-readable",
            [
              "read auth/kubernetes/config",
              "list and read auth/kubernetes/role/*",
              "list and read sys/policies/acl/*",
              "read secret/metadata/*",
            ],
          ],
        ],
      );
      await short.revoke();
    });

    it("is nothing in local because of a token that is exported for another Vault: it is not sent", async () => {
      const words = ["doctor", "--stack", "local", ...chain().place];
      const { code, out, err } = await runCommand(words, { VAULT_TOKEN: "another-vaults-token" });
      assert.equal(code, 0, `${out}${err}`);
    });

    it("is what an account of the cluster may not list: each resource is reported with the verb, and nothing counts as broken", async () => {
      const reader = await clusterAs("access-test-nobody");
      const { causes } = explain(
        await observe(connected.stack, { ...connected.access, kubernetes: reader }),
        connected.stack,
      );
      assert.deepEqual(
        causes.map(({ code }) => code),
        ["cluster-not-readable"],
      );
      const said = JSON.stringify(causes[0]?.evidence);
      for (const resource of ["secretstores", "externalsecrets", "secrets", "pods", "cronjobs", "serviceaccounts"])
        assert.match(said, new RegExp(`cannot (list|get) resource [^ ]*"${resource}`), resource);
    });

    describe("in Vault and in the cluster, account by account", () => {
      describeIsolation(() => ({
        cluster: connected.cluster,
        stack: connected.stack,
        rootToken: () => storedRootToken(connected.cluster, connected.stack.namespace),
      }));
    });

    /** An account that may do nothing, as who it is the reader asks. */
    async function clusterAs(name: string): Promise<Cluster> {
      const { namespace } = connected.stack;
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      await connected.cluster.create(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
      const { status } = await connected.cluster.create<{ status: { token: string } }>(`${accounts}/${name}/token`, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {},
      });
      const kubeconfig = join(chain().home.dir, `${name}.kubeconfig`);
      const server = chain().home.kubernetesUrl;
      const ca = join(chain().home.dir, "kubernetes", "ca.crt");
      const content = {
        clusters: [{ name: "c", cluster: { server, "certificate-authority": ca } }],
        users: [{ name: "u", user: { token: status.token } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      };
      writeFileSync(kubeconfig, JSON.stringify(content), { mode: 0o600 });
      return openCluster({ kubeconfig, context: "c" });
    }
  });
}
