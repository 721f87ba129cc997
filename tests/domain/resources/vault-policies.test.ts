import assert from "node:assert/strict";
import { deployerPolicy, vaultPolicies } from "../../../domain/resources/vault-policies.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";

const stack = environmentStack();

function policies(changes: Partial<Parameters<typeof vaultPolicies>[0]> = {}) {
  const made = vaultPolicies({ plan: stack.plan, config: stack.bootstrap.config, mayUnmount: false, ...changes });
  return new Map(made.map(({ name, policy }) => [name, policy]));
}

/** `path: capabilities`, a line each. */
function grants(policy: string | undefined): string[] {
  return [...(policy ?? "").matchAll(/path "(.*)" \{\n {2}capabilities = (\[.*\])\n\}\n/g)].map(
    ([, path, capabilities]) => `${path}: ${(JSON.parse(capabilities ?? "[]") as string[]).join(" ")}`,
  );
}

describe("vaultPolicies", () => {
  it("lets a namespace read the data of exactly its names", () => {
    assert.deepEqual(grants(policies().get("ameide-secrets-reader-argocd")), [
      "secret/data/ghcr-token: read",
      "secret/data/ghcr-username: read",
    ]);
    assert.deepEqual(grants(policies().get("ameide-secrets-reader-ameide-dev")), [
      "secret/data/anthropic-api-key: read",
      "secret/data/ghcr-token: read",
      "secret/data/ghcr-username: read",
      "secret/data/langfuse-secret-key: read",
      "secret/data/openai-api-key: read",
    ]);
  });

  it("lets a namespace read names of others that the catalogue gives it, in-cluster ones too", () => {
    const catalogue = structuredClone(seedCatalogue);
    catalogue.inClusterDeliveries["platform-app-master-client"] = {
      externalSecret: "keycloak-master-platform-app-sync",
      authority: "keycloak",
      producer: "keycloak-client-patcher",
      keys: { "client-secret": "platform-app-client-secret" },
    };
    const { plan } = environmentStack("dev", {}, { catalogue });
    const granted = grants(policies({ plan }).get("ameide-secrets-reader-ameide-dev"));
    assert.ok(granted.includes("secret/data/platform-app-client-secret: read"));
  });

  it("gives a namespace without names a policy that allows nothing", () => {
    const { plan } = environmentStack("dev", {}, { additionalNamespaces: ["ameide-system"] });
    assert.equal(
      policies({ plan }).get("ameide-secrets-reader-ameide-system"),
      "# no secret is declared for this namespace\n",
    );
  });

  it("lets the bootstrap write the planned paths and list their folders, nothing else", () => {
    const config = { ...stack.bootstrap.config, mappedSecrets: [{ from: "ghcr-token", to: "gitlab/tokens/dev/pull" }] };
    const granted = grants(policies({ config }).get("ameide-secrets-bootstrap"));
    assert.deepEqual(
      granted.filter((line) => line.includes("gitlab") || line.endsWith("list")),
      [
        "secret/data/gitlab/tokens/dev/pull: create read update",
        "secret/metadata/gitlab/tokens/dev/pull: read update",
        "secret/metadata/: list",
        "secret/metadata/gitlab/: list",
        "secret/metadata/gitlab/tokens/: list",
        "secret/metadata/gitlab/tokens/dev/: list",
      ],
    );
    assert.equal(granted.length, 2 * 6 + 4 + 2);
  });

  it("never lets the bootstrap delete", () =>
    assert.ok(!policies().get("ameide-secrets-bootstrap")?.includes("delete")));

  it("limits the client-patcher to the declared clients' keys", () =>
    assert.deepEqual(grants(policies().get("keycloak-client-patcher")), [
      "secret/data/platform-app-client-secret: create read update patch",
      "secret/metadata/platform-app-client-secret: read",
    ]));

  it("leaves the client-patcher's policy alone where no client is declared", () =>
    assert.ok(!policies({ plan: { ...stack.plan, patcherPaths: [] } }).has("keycloak-client-patcher")));

  for (const name of ["ameide-secrets-deployer", "ameide-secrets-auditor"]) {
    it(`lets ${name} read no value`, () =>
      assert.deepEqual(
        grants(policies().get(name)).filter((line) => line.startsWith("secret/data") || line.startsWith("secret/*")),
        [],
      ));
  }

  it("quotes a path that would end its string", () => {
    const [store] = stack.plan.stores;
    assert.ok(store);
    const plan = { ...stack.plan, stores: [{ ...store, readablePaths: ['a" { capabilities = ["root"] } path "b'] }] };
    assert.match(policies({ plan }).get(store.policy) ?? "", /^path "secret\/data\/a\\" \{/);
  });
});

describe("deployerPolicy", () => {
  const mounts = { mount: "secret", authMount: "kubernetes" };

  it("may not take the mounts away where they are protected", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: false })).filter((line) =>
        /^sys\/(mounts|auth)\/\w+:.*delete/.test(line),
      ),
      [],
    ));

  it("may take them away in local", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: true })).filter((line) =>
        /^sys\/(mounts|auth)\/\w+:.*delete/.test(line),
      ),
      ["sys/mounts/secret: create read update delete", "sys/auth/kubernetes: create read update sudo delete"],
    ));

  it("changes this program's own policies and roles, and no other", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: false })).filter((line) => /policies|role/.test(line)),
      [
        "auth/kubernetes/role/ameide-secrets-*: create read update delete",
        "sys/policies/acl/ameide-secrets-*: create read update delete",
        "sys/policies/acl/keycloak-client-patcher: create read update delete",
      ],
    ));
});
