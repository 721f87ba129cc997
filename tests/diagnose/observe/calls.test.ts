import assert from "node:assert/strict";
import type { Access } from "../../../diagnose/observe/access.ts";
import { ServerError } from "../../../clients/http.ts";
import { observe } from "../../../diagnose/observe/observe.ts";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import type { Snapshot } from "../../../diagnose/snapshot.ts";
import { vaultRoles } from "../../../domain/resources/vault-policies.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";

const namesPerPage = 25;

/** As many external secrets, each with a delivery of its own and none of them a pull secret, in so many namespaces. */
function stackOf(secrets: number, namespaces: number): EnvironmentStack {
  const names = Array.from({ length: secrets }, (_none, n) => `secret-${n}`);
  const catalogue = {
    ...seedCatalogue,
    secrets: Object.fromEntries(
      names.map((name) => [name, { authority: "external" as const, env: name, required: [] }]),
    ),
    deliveries: Object.fromEntries(names.map((name) => [name, { type: "Opaque" as const, keys: { VALUE: name } }])),
    keycloakClients: [],
  };
  const others = Array.from({ length: namespaces - 1 }, (_none, n) => `other-${n}`);
  return environmentStack("dev", {}, { catalogue, additionalNamespaces: others, registryAdditionalNamespaces: [] });
}

/** Servers on which everything is there. */
function whole(stack: EnvironmentStack): Access {
  const { plan } = stack;
  const roles = vaultRoles(stack).map(({ name }) => name);
  const policies = vaultRoles(stack).map(({ policy }) => policy);
  const role = { policy: "", bound_service_account_names: [], bound_service_account_namespaces: [] };
  const absent = () => Promise.reject(new ServerError(404, "not found"));
  const secrets = plan.deliveries.map(({ target: name }) => ({ metadata: { name }, data: {} }));
  return {
    kubernetes: {
      context: "c",
      get: <T extends object>(path: string) => {
        const [bare = ""] = path.split("?");
        if (/\/(secrets|configmaps|cronjobs|jobs)\/[^/]+$/.test(bare)) return absent();
        return Promise.resolve({ items: bare.endsWith("ameide-dev/secrets") ? secrets : [] } as object as T);
      },
      text: () => Promise.resolve(""),
    },
    vault: {
      address: "http://vault",
      hasToken: true,
      get: <T extends object>(path: string) => {
        const versions = { 1: { created_time: "", deletion_time: "", destroyed: false } };
        const data = path.includes("/metadata/")
          ? { current_version: 1, custom_metadata: {}, versions }
          : { keys: path.includes("policies") ? policies : roles, ...role };
        return Promise.resolve({ initialized: true, sealed: false, standby: false, version: "1", data } as object as T);
      },
    },
    azure: {
      arm: <T extends object>() =>
        Promise.resolve({ value: [], properties: { clientId: "c", principalId: "p" } } as object as T),
      keyVault: <T extends object>(link: string) => {
        const from = Number(new URL(link, "https://v").searchParams.get("from"));
        const value = plan.secrets
          .slice(from, from + namesPerPage)
          .map(({ name }) => ({ id: `https://v/secrets/${name}` }));
        const isLast = from + namesPerPage >= plan.secrets.length;
        return Promise.resolve({
          value,
          ...(isLast ? {} : { nextLink: `/secrets?from=${from + namesPerPage}` }),
        } as object as T);
      },
    },
  };
}

async function callsOf(secrets: number, namespaces: number): Promise<Snapshot["calls"]> {
  const stack = stackOf(secrets, namespaces);
  const { calls, vault, keyVault } = await observe(stack, whole(stack));
  assert.equal(vault.secrets.ok && vault.secrets.value.length, secrets);
  assert.equal(keyVault.ok && keyVault.value.length, secrets);
  return calls;
}

/** What a look costs the servers, as docs/architecture.md says it. */
describe("the calls of one run of doctor", () => {
  for (const [secrets, namespaces] of [
    [25, 1],
    [25, 4],
    [525, 4],
  ] as const) {
    it(`are exactly what ${secrets} secrets in ${namespaces} namespaces need`, async () => {
      const roles = vaultRoles(stackOf(secrets, namespaces)).length;
      assert.deepEqual(await callsOf(secrets, namespaces), {
        kubernetes: 7 + 11 * namespaces,
        vault: 5 + 2 * roles + secrets,
        azure: 3 + secrets / namesPerPage,
      });
    });
  }
});
