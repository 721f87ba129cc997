import assert from "node:assert/strict";
import { vaultCall, vaultStatus, writePolicies } from "../../../cli/access/vault.ts";
import { Redacted } from "../../../domain/redacted.ts";
import { deployerPolicy, operatorPolicies, vaultPolicies } from "../../../domain/resources/vault-policies.ts";
import { openVault } from "../../support/open-vault.ts";
import { useServers } from "../../support/servers.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";

const stack = environmentStack();

function policies(changes: Partial<Parameters<typeof vaultPolicies>[0]> = {}) {
  const made = vaultPolicies({ ...stack, ...changes });
  return new Map(made.map(({ name, policy }) => [name, policy]));
}

/** `path: capabilities`, a line each. */
function grants(policy: string | undefined): string[] {
  return [...(policy ?? "").matchAll(/path "(.*)" \{\n {2}capabilities = (\[.*\])\n\}\n/g)].map(
    ([, path, capabilities]) => `${path}: ${(JSON.parse(capabilities ?? "[]") as string[]).join(" ")}`,
  );
}

describe("vaultPolicies", () => {
  it("allows a namespace to read the data of exactly its names", () => {
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

  it("allows a namespace to read other names that the catalogue lists, also in-cluster ones", () => {
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

  it("allows the bootstrap to write the planned paths and list their folders, and nothing else", () => {
    const config = { ...stack.bootstrap.config, mappedSecrets: [{ from: "ghcr-token", to: "gitlab/tokens/dev/pull" }] };
    const granted = grants(policies({ bootstrap: { ...stack.bootstrap, config } }).get("ameide-secrets-bootstrap"));
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

  it("never allows the bootstrap to delete", () =>
    assert.ok(!policies().get("ameide-secrets-bootstrap")?.includes("delete")));

  it("limits the client-patcher to the declared clients' keys", () =>
    assert.deepEqual(grants(policies().get("keycloak-client-patcher")), [
      "secret/data/platform-app-client-secret: create read update patch",
      "secret/metadata/platform-app-client-secret: read",
    ]));

  it("leaves out the client-patcher's policy if no client is declared", () =>
    assert.ok(!policies({ plan: { ...stack.plan, patcherPaths: [] } }).has("keycloak-client-patcher")));

  it("quotes a path that would end its string", () => {
    const [store] = stack.plan.stores;
    assert.ok(store);
    const plan = { ...stack.plan, stores: [{ ...store, readablePaths: ['a" { capabilities = ["root"] } path "b'] }] };
    assert.match(policies({ plan }).get(store.policy) ?? "", /^path "secret\/data\/a\\" \{/);
  });
});

describe("deployerPolicy", () => {
  const mounts = { mount: "secret", authMount: "kubernetes" };

  it("may not remove protected mounts", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: false })).filter((line) =>
        /^sys\/(mounts|auth)\/\w+:.*delete/.test(line),
      ),
      [],
    ));

  it("may remove them in local", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: true })).filter((line) =>
        /^sys\/(mounts|auth)\/\w+:.*delete/.test(line),
      ),
      ["sys/mounts/secret: create read update delete", "sys/auth/kubernetes: create read update sudo delete"],
    ));

  it("changes this program's own policies and roles, and no others, such as those of its operators", () =>
    assert.deepEqual(
      grants(deployerPolicy({ ...mounts, mayUnmount: false })).filter((line) => /polic|role/.test(line)),
      [
        "auth/kubernetes/role/ameide-secrets-*: create read update delete",
        "auth/github-actions/role/ameide-secrets-*: create read update delete",
        "sys/policies/acl/ameide-secrets-reader-*: create read update delete",
        "sys/policies/acl/ameide-secrets-bootstrap*: create read update delete",
        "sys/policies/acl/keycloak-client-patcher: create read update delete",
        "sys/policies/acl/ameide-secrets-deployer: deny",
        "sys/policies/acl/ameide-secrets-auditor: deny",
        "sys/policies/acl/ameide-secrets-destroyer: deny",
        "sys/policy/*: deny",
      ],
    ));
});

describe("operatorPolicies", () => {
  const made = operatorPolicies({ mount: "secret", authMount: "kubernetes", mayUnmount: true });

  it("are not resources of the program, because its token may not write them", () =>
    assert.deepEqual(
      made.map(({ name }) => [name, policies().has(name)]),
      [
        ["ameide-secrets-deployer", false],
        ["ameide-secrets-auditor", false],
      ],
    ));

  for (const { name, policy } of made) {
    it(`does not allow ${name} to read a value`, () =>
      assert.deepEqual(
        grants(policy).filter((line) => line.startsWith("secret/data") || line.startsWith("secret/*")),
        [],
      ));
  }
});

interface Login {
  readonly auth: { readonly client_token: string };
}

describe("the operators' policies, on OpenBao", function () {
  this.timeout(60_000);
  const servers = useServers(["openbao"]);
  let deployer: Redacted;
  let auditor: Redacted;

  before(async () => {
    const address = servers().home.vaultUrl;
    const root = new Redacted((await openVault(address)).rootToken);
    const all = operatorPolicies({ mount: "secret", authMount: "kubernetes", mayUnmount: false });
    // a second policy of the same token, as a person's often has one: it does not open what the first denies
    const wide = 'path "sys/policies/acl/ameide-secrets-deployer" { capabilities = ["update"] }';
    await writePolicies({ address }, root, [...all, { name: "wide", policy: wide }]);
    await vaultCall({ address }, root, "PUT", "/v1/sys/policies/acl/foreign", { policy: "# somebody's" });
    await vaultCall({ address }, root, "POST", "/v1/sys/mounts/secret", { type: "kv", options: { version: "2" } });
    await vaultCall({ address }, root, "POST", "/v1/sys/auth/kubernetes", { type: "kubernetes" });
    const tokenOf = async (...granted: readonly string[]) => {
      const body = { policies: granted };
      const { auth } = await vaultCall<Login>({ address }, root, "POST", "/v1/auth/token/create-orphan", body);
      return new Redacted(auth.client_token);
    };
    deployer = await tokenOf("ameide-secrets-deployer", "wide");
    auditor = await tokenOf("ameide-secrets-auditor");
  });

  const status = async (method: "GET" | "PUT" | "POST" | "DELETE", path: string, token = deployer) =>
    vaultCall({ address: servers().home.vaultUrl }, token, method, `/v1/${path}`, { policy: "# changed" }).then(
      () => "done",
      (error: unknown) => vaultStatus(error),
    );

  it("allow the deployer to write what the program creates: policies of readers, the bootstrap and the patcher", async () => {
    for (const name of [
      "ameide-secrets-reader-argocd",
      "ameide-secrets-bootstrap",
      "ameide-secrets-bootstrap-2-of-4",
      "keycloak-client-patcher",
    ])
      assert.equal(await status("PUT", `sys/policies/acl/${name}`), "done", name);
  });

  it("allow the auditor to read each mount, as a preview of an adoption does, and to change none", async () => {
    for (const mount of ["sys/mounts/secret", "sys/auth/kubernetes", "sys/mounts/auth/kubernetes"]) {
      assert.equal(await status("GET", `${mount}/tune`, auditor), "done", mount);
      assert.equal(await status("POST", `${mount}/tune`, auditor), 403, mount);
      assert.equal(await status("DELETE", mount, auditor), 403, mount);
    }
    for (const mount of ["sys/mounts/secret", "sys/auth/kubernetes"])
      assert.equal(await status("GET", mount, auditor), "done", mount);
  });

  it("refuse a change of the deployer's and the auditor's policy and of foreign ones, in any spelling", async () => {
    const names = [
      "ameide-secrets-deployer",
      "ameide-secrets-auditor",
      "ameide-secrets-destroyer",
      "foreign",
      "default",
    ];
    const spellings = (name: string) => [
      `sys/policies/acl/${name}`,
      `sys/policy/${name}`,
      `sys/policies/acl/${name.toUpperCase()}`,
      `sys/policies/acl/${name.replace(/.$/, (last) => last.toUpperCase())}`,
      `sys/policies/acl/${name.replace("-", "%2D")}`,
      `sys/policies/acl/ameide-secrets-reader-x/../${name}`,
      `sys/policies/acl//${name}`,
    ];
    for (const path of names.flatMap(spellings)) {
      for (const method of ["PUT", "DELETE"] as const)
        assert.notEqual(await status(method, path), "done", `${method} ${path}`);
    }
    assert.equal(await status("PUT", "auth/token/create"), 403);
  });
});
