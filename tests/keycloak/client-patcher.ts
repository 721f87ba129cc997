import assert from "node:assert/strict";
import type { CauseCode } from "../../diagnose/causes.ts";
import { podLog } from "../../clients/kubernetes.ts";
import { vaultRoles } from "../../domain/resources/vault-policies.ts";
import { patcherJobs } from "../chain/doctor/jobs.ts";
import { useWorld } from "../chain/doctor/suite.ts";
import { removePatcher } from "../chain/doctor/vault.ts";
import { startTimeout } from "../support/local-chain.ts";
import { realPatcherJob, type PatcherSettings } from "./patcher-job.ts";
import { Keycloak } from "./server.ts";

const realm = "ameide";
const account = "keycloak-client-patcher";

/** Run by `npm run test:keycloak`: it needs Java and Maven, and downloads 170 MB the first time. */
describe("the client-patcher before a real Keycloak", function () {
  this.timeout(startTimeout);
  const world = useWorld();
  let keycloak: Keycloak;
  let settings: PatcherSettings;

  before(async () => {
    keycloak = await Keycloak.start();
    await keycloak.admin("POST", "", { realm, enabled: true });
    const { stack, cluster } = world().connected;
    for (const { clientId } of stack.catalogue.keycloakClients) await keycloak.addClient(realm, clientId);
    const clientSecret = await keycloak.addServiceAccount("keycloak-admin-sa", realm, [
      "manage-clients",
      "view-clients",
    ]);
    const accounts = `/api/v1/namespaces/${world().namespace}/serviceaccounts`;
    await cluster.create(accounts, { metadata: { name: account } });
    const { status } = await cluster.create<{ status: { token: string } }>(`${accounts}/${account}/token`, {
      spec: {},
    });
    // outside a pod Vault has each token reviewed by its own account
    await cluster.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: account },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", name: account, namespace: world().namespace }],
    });
    const role = vaultRoles(stack).find(({ serviceAccount }) => serviceAccount === account);
    assert.ok(role !== undefined);
    settings = {
      keycloak: keycloak.url,
      realm,
      login: { clientId: "keycloak-admin-sa", clientSecret },
      clients: stack.catalogue.keycloakClients,
      vault: {
        address: stack.vault.operatorAddress,
        loginPath: `auth/${stack.vault.authMount}/login`,
        role: role.name,
        jwt: status.token,
      },
    };
  });
  after(() => keycloak?.stop());

  /** Runs the Job to its end. @returns its log. */
  const run = async (changes: Partial<PatcherSettings> = {}): Promise<string> => {
    const { cluster } = world().connected;
    const { all, one, pods } = patcherJobs(world());
    await cluster.create(all, realPatcherJob({ ...settings, ...changes }));
    await world().until(async () => {
      const { status = {} } = await cluster.get<{ status?: { failed?: number; succeeded?: number } }>(one);
      return status.succeeded === 1 || status.failed === 1;
    });
    const [pod] = (await cluster.get<{ items: readonly { metadata: { name: string } }[] }>(pods)).items;
    return podLog(cluster, world().namespace, pod?.metadata.name ?? "", 50);
  };
  /** @param said - what the server answered, in the Job's log. */
  const failsWith =
    (code: CauseCode, said: RegExp, changes: () => Partial<PatcherSettings> | Promise<Partial<PatcherSettings>>) =>
    async (): Promise<void> => {
      assert.match(await run(await changes()), said);
      await world().untilFirst(code);
      await removePatcher(world());
    };

  it(
    "refuses a wrong secret of its account: patcher-keycloak-unauthorized",
    failsWith("patcher-keycloak-unauthorized", /openid-connect\/token: 401 .*unauthorized_client/, () => ({
      login: { ...settings.login, clientSecret: "of-the-former-realm" },
    })),
  );
  it(
    "refuses reads of an account without a role in the realm: patcher-keycloak-forbidden",
    failsWith("patcher-keycloak-forbidden", /admin\/realms\/ameide\/clients: 403/, async () => {
      const clientSecret = await keycloak.addServiceAccount("without-roles", realm, []);
      return { login: { clientId: "without-roles", clientSecret } };
    }),
  );
  it(
    "does not find a client that is not in the realm: patcher-client-missing",
    failsWith("patcher-client-missing", /clients\/added-later\/client-secret: 404/, () => ({
      clients: [{ clientId: "added-later", vaultKey: "platform-app-client-secret" }],
    })),
  );
  it(
    "may not write a path without a declared client: patcher-vault-denied",
    failsWith("patcher-vault-denied", /secret\/data\/undeclared-client-secret: 403 .*permission denied/, () => ({
      clients: [{ clientId: "argocd", vaultKey: "undeclared-client-secret" }],
    })),
  );

  it("is replaced by a run that extracts every real secret, and doctor finds nothing", async () => {
    const placeholder = { data: { value: "keycloak_generated_placeholder" } };
    await world().vault("POST", "secret/data/platform-app-client-secret", placeholder);
    await world().untilFirst("keycloak-secret-placeholder", { prove: true });
    const log = await run();
    assert.equal(log.match(/^wrote /gm)?.length, settings.clients.length, log);
    const { stack } = world().connected;
    for (const { clientId, vaultKey } of stack.catalogue.keycloakClients) {
      const [client] = await keycloak.admin<readonly { id: string }[]>("GET", `/${realm}/clients?clientId=${clientId}`);
      const { data } = await world().vault<{ data: { data: { value: string } } }>("GET", `secret/data/${vaultKey}`);
      assert.equal(data.data.value, await keycloak.secretOf(realm, client?.id ?? ""), vaultKey);
    }
    assert.deepEqual((await world().look({ prove: true })).causes, []);
  });
});
