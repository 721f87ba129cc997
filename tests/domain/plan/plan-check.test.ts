import assert from "node:assert/strict";
import { checkMappedSecrets, checkPlan, namespacesWithoutStore } from "../../../domain/plan/plan-check.ts";
import type { ChainPlan } from "../../../domain/plan/environment.ts";
import { catalogueOf } from "../../support/catalogues.ts";
import { environmentStack } from "../../support/stacks.ts";

const { plan } = environmentStack("dev");
const [secret] = plan.secrets;
const [delivery] = plan.deliveries;
assert.ok(secret !== undefined && delivery !== undefined);

function reported(changes: Partial<ChainPlan>): readonly string[] {
  return checkPlan({ ...plan, ...changes }).map(({ code, subject, problem }) => `${code} ${subject}: ${problem}`);
}

describe("checkPlan", () => {
  it("allows the plan of document 451", () => assert.deepEqual(reported({}), []));

  it("allows any number of generated secrets, which are not in Key Vault", () => {
    const made = (name: string): ChainPlan["secrets"][number] => ({
      name,
      authority: "generated",
      vaultPath: name,
      required: false,
    });
    assert.deepEqual(reported({ secrets: [...plan.secrets, made("a"), made("b")] }), []);
  });

  it("refuses two secrets at one place in Key Vault, and at one path in Vault", () => {
    const other = { ...secret, name: "other", vaultPath: "other" };
    assert.deepEqual(reported({ secrets: [...plan.secrets, other] }), [
      "plan-key-vault-name-twice ghcr-token: ghcr-token and other are both stored as ghcr-token in Key Vault",
    ]);
    assert.deepEqual(reported({ secrets: [...plan.secrets, { ...secret, name: "other", keyVaultName: "other" }] }), [
      "plan-vault-path-twice ghcr-token: ghcr-token and other are both stored at ghcr-token in Vault",
    ]);
  });

  it("refuses two deliveries with one target, and two with one ExternalSecret", () => {
    assert.deepEqual(reported({ deliveries: [...plan.deliveries, { ...delivery, name: "other" }] }), [
      "plan-target-twice ameide-dev/ghcr-pull: ghcr-pull-sync and other both create the Secret ameide-dev/ghcr-pull",
    ]);
    assert.deepEqual(reported({ deliveries: [...plan.deliveries, { ...delivery, target: "other" }] }), [
      "plan-external-secret-twice ameide-dev/ghcr-pull-sync: the ExternalSecret ameide-dev/ghcr-pull-sync creates both ghcr-pull and other",
    ]);
  });

  it("refuses a delivery to a namespace without a store", () => {
    assert.deepEqual(reported({ deliveries: [{ ...delivery, namespace: "nowhere" }] }), [
      "plan-no-store nowhere/ghcr-pull-sync: nowhere/ghcr-pull-sync is in a namespace without a store",
    ]);
  });

  it("refuses a delivery of a secret that nothing writes to Vault", () => {
    const keys = [{ secretKey: "A", secret: "gone", vaultPath: "gone" }];
    assert.deepEqual(reported({ deliveries: [{ ...delivery, keys }] }), [
      "plan-no-source ameide-dev/ghcr-pull-sync: ameide-dev/ghcr-pull-sync reads gone, but nothing writes gone to Vault",
    ]);
  });
});

describe("namespacesWithoutStore", () => {
  const catalogue = catalogueOf({
    secrets: {
      "ghcr-token": { authority: "external", env: "GHCR_TOKEN", consumers: ["environment", "argocd", "buildkit"] },
    },
    deliveries: { theirs: { madeBy: "arc", secrets: ["ghcr-token"], namespaces: ["arc-systems"] } },
    inClusterDeliveries: {
      che: {
        externalSecret: "che-sync",
        authority: "keycloak",
        producer: "p",
        keys: { A: "a" },
        namespaces: ["eclipse-che"],
      },
      gone: {
        externalSecret: "gone-sync",
        authority: "keycloak",
        producer: "p",
        keys: { A: "a" },
        namespaces: ["gone"],
        environments: ["prod"],
      },
    },
  });
  it("lists every namespace of this environment that may read and has no store in one note", () => {
    assert.deepEqual(
      namespacesWithoutStore(catalogue, plan).map(({ severity, subject }) => [severity, subject]),
      [["note", "arc-systems, buildkit, eclipse-che"]], // argocd has one, by the registry
    );
  });
  it("reports nothing if each has a store", () => assert.deepEqual(namespacesWithoutStore(catalogueOf(), plan), []));
});

describe("checkMappedSecrets", () => {
  const catalogue = catalogueOf({
    secrets: {
      "ghcr-token": { authority: "external", env: "GHCR_TOKEN", aliases: ["old-token"] },
      "openai-api-key": { authority: "external", env: "OPENAI_API_KEY" },
    },
    clusterManaged: [{ pattern: "gitlab/tokens/*", authority: "service" }],
  });
  const check = (from: string, to: string): readonly string[] =>
    checkMappedSecrets([{ from, to }], catalogue, plan).map(({ code }) => code);
  it("allows a copy to another name of an external secret", () =>
    assert.deepEqual(check("ghcr-token", "old-token"), []));
  it("accepts the source by its name in the catalogue or in Key Vault", () => {
    const prefixed = {
      ...plan,
      secrets: plan.secrets.map((one) => Object.assign({}, one, { keyVaultName: `env-${one.name}` })),
    };
    const codes = ["ghcr-token", "env-ghcr-token", "ci-ghcr-token"].map((from) =>
      checkMappedSecrets([{ from, to: "old-token" }], catalogue, prefixed).map(({ code }) => code),
    );
    assert.deepEqual(codes, [[], [], ["mapped-source-unknown"]]);
  });
  it("refuses a source that does not come from outside", () => {
    assert.deepEqual(check("nothing", "old-token"), ["mapped-source-unknown"]);
    const made = { name: "made", authority: "generated", vaultPath: "made", required: false } as const;
    const found = checkMappedSecrets([{ from: "made", to: "old-token" }], catalogue, {
      ...plan,
      secrets: [...plan.secrets, made],
    });
    assert.deepEqual(
      found.map(({ code }) => code),
      ["mapped-source-unknown"],
    );
  });
  it("refuses a copy onto another secret", () =>
    assert.deepEqual(check("ghcr-token", "OPENAI_API_KEY"), ["mapped-target-taken"]));
  it("refuses a copy onto a generated one once, with its name", () => {
    const made = { name: "made", authority: "generated", vaultPath: "made", required: false } as const;
    const found = checkMappedSecrets([{ from: "ghcr-token", to: "made" }], catalogue, {
      ...plan,
      secrets: [...plan.secrets, made],
    });
    assert.deepEqual(
      found.map(({ code, problem }) => `${code}: ${problem}`),
      ["mapped-target-taken: bootstrap.mappedSecrets[0] copies ghcr-token to made, where made is stored"],
    );
  });
  it("refuses a copy to a path that a service writes, such as GitLab's tokens", () => {
    assert.deepEqual(check("ghcr-token", "gitlab/tokens/dev/backstage"), ["mapped-target-refused"]);
  });
  it("refuses a copy to a path that the catalogue does not know", () => {
    assert.deepEqual(check("ghcr-token", "somewhere"), ["mapped-target-refused"]);
  });
});
