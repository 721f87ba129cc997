import assert from "node:assert/strict";
import { checkCatalogue } from "../../domain/catalogue/check-catalogue.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { errorsOf } from "../../domain/finding.ts";
import { isFixture, isPlaceholder } from "../../domain/catalogue/fixtures.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { StackFolder } from "../environments/stacks.ts";

/** Incidents of the platform (domain facts, section 10) that the checks of catalogue, settings and `.env` stop. */
describe("refused before anything is called", () => {
  const real = readCatalogue();
  let stacks: StackFolder;
  beforeEach(() => (stacks = new StackFolder()));
  afterEach(() => stacks.delete());

  const changed = (change: (catalogue: Catalogue) => void): readonly string[] => {
    const catalogue = structuredClone(real);
    change(catalogue);
    return errorsOf(checkCatalogue(catalogue)).map(({ code, problem }) => `${code}: ${problem}`);
  };
  const refusedInEnv = (text: string): readonly string[] => {
    const files = [{ path: ".env", text, tracked: false }];
    const { findings } = compileDotenv({ files, catalogue: real, environment: "prod", secretPrefix: "" });
    return errorsOf(findings).map(({ code, subject }) => `${code} ${subject}`);
  };

  it("P1: images could not be pulled, because a fixture was kept as the registry's token", async () => {
    for (const name of ["dev", "staging", "prod"]) {
      const stack = await stacks.load(name);
      assert.ok(stack.kind === "environment");
      const required = stack.plan.secrets.filter((secret) => secret.required).map((secret) => secret.name);
      assert.deepEqual(required.slice(0, 2), ["ghcr-token", "ghcr-username"]);
    }
    assert.deepEqual(refusedInEnv("GHCR_TOKEN=sample-ghcr-token"), ["dotenv-fixture GHCR_TOKEN"]);
  });

  it("P2: logins failed, because a Keycloak client's secret was declared as external", () => {
    assert.match(
      changed(
        ({ secrets }) =>
          (secrets["platform-app-client-secret"] = { authority: "external", env: "PLATFORM_APP_CLIENT_SECRET" }),
      )[0] ?? "",
      /^catalogue-cluster-managed: .*platform-app-client-secret \(keycloak\)/,
    );
    assert.deepEqual(refusedInEnv("PLATFORM_APP_CLIENT_SECRET=x"), [
      "dotenv-cluster-managed PLATFORM_APP_CLIENT_SECRET",
    ]);
    assert.equal(isFixture("platform_client_secret", real.fixtures), true);
  });

  it("P4: Key Vault could not be read, because an environment had no federated credential", async () => {
    const shared = await stacks.load("shared");
    assert.ok(shared.kind === "shared");
    for (const name of ["dev", "staging", "prod"]) {
      const stack = await stacks.load(name);
      assert.ok(stack.kind === "environment");
      assert.equal(stack.federated.subject, `system:serviceaccount:${stack.namespace}:${stack.bootstrap.name}`);
      assert.ok(
        shared.federatedSubjects.some(
          ({ subject, issuer }) => subject === stack.federated.subject && issuer === stack.cluster.oidcIssuer,
        ),
      );
    }
  });

  it("P5: overrides were ignored, because an empty prefix became env- again", async () => {
    const stack = await stacks.load("prod"); // Pulumi.shared.yaml sets it to ""
    assert.ok(stack.kind === "environment");
    assert.equal(
      stack.plan.secrets.some(({ keyVaultName = "" }) => keyVaultName.startsWith("env-")),
      false,
    );
    assert.equal(
      stack.bootstrap.config.secrets.some(({ source = "" }) => source.startsWith("env-")),
      false,
    );
  });

  it("P9: an extraction was written nowhere, because the patcher's policy lacked the path", async () => {
    const stack = await stacks.load("prod");
    assert.ok(stack.kind === "environment");
    const { patcherPaths } = stack.plan;
    assert.deepEqual(
      real.keycloakClients.filter(({ vaultKey }) => !patcherPaths.includes(vaultKey)),
      [],
    );
  });

  it("P12: databases refused their passwords, because Vault and CNPG both wrote them", () => {
    const found = changed(({ deliveries }) => {
      deliveries["langfuse-db-credentials"] = { type: "Opaque", keys: { password: "anthropic-api-key" } };
    });
    assert.match(found[0] ?? "", /^catalogue-target-owned: .*belongs to cnpg/);
    assert.deepEqual(refusedInEnv("LANGFUSE_DB_PASSWORD=x\nPOSTGRES_PASSWORD=y"), [
      "dotenv-cluster-managed LANGFUSE_DB_PASSWORD",
      "dotenv-cluster-managed POSTGRES_PASSWORD",
    ]);
  });

  it("P15: Argo CD's login broke, because argocd had no store", async () => {
    const served = async (name: string): Promise<boolean> => {
      const stack = await stacks.load(name);
      const reported = stack.findings.some(
        ({ code, subject }) => code === "plan-reader-without-store" && subject.includes("argocd"),
      );
      return (
        stack.kind === "environment" && stack.plan.stores.some(({ namespace }) => namespace === "argocd") && !reported
      );
    };
    assert.deepEqual([await served("prod"), await served("dev")], [true, false]);
  });

  it("P16: operators could not be pulled, because only the environments' namespaces had the pull secret", async () => {
    const stack = await stacks.load("prod");
    assert.ok(stack.kind === "environment");
    const pulls = stack.plan.deliveries.filter(({ target }) => target === "ghcr-pull");
    const namespaces = new Set(pulls.map(({ namespace }) => namespace));
    for (const namespace of ["ameide-prod", "argocd", "ameide-system", "clickhouse-system"]) {
      assert.equal(namespaces.has(namespace), true, namespace);
    }
  });

  it("P20: the bootstrap waited forever for a Vault with another name", async () => {
    for (const name of ["dev", "staging", "prod"]) {
      const stack = await stacks.load(name);
      assert.ok(stack.kind === "environment");
      const { serviceAccount, address } = stack.vault;
      assert.equal(address, `http://${serviceAccount.name}.${serviceAccount.namespace}.svc.cluster.local:8200`);
      assert.equal(stack.bootstrap.config.vault.address, address);
    }
  });

  it("P21: nothing read the overrides of an environment", async () => {
    stacks.edit("Pulumi.dev.yaml", "config:", "config:\n  ameide-secrets:additionalNamespaces: [argocd]");
    assert.match((await stacks.refusal("dev"))[0] ?? "", /nothing reads /);
  });

  it("P25: pulls failed, because empty values of .env were accepted", () => {
    assert.deepEqual(refusedInEnv("GHCR_TOKEN=\nGHCR_USERNAME=''"), [
      "dotenv-empty GHCR_TOKEN",
      "dotenv-empty GHCR_USERNAME",
    ]);
  });

  it("P26: applications never started, because a key that they read had no producer", () => {
    assert.match(
      changed(({ deliveries }) => {
        const inference = deliveries["inference-api-credentials"];
        if (inference?.keys !== undefined) inference.keys["MISTRAL_API_KEY"] = "mistral-api-key";
      })[0] ?? "",
      /^catalogue-delivery-unknown: inference-api-credentials reads mistral-api-key/,
    );
  });

  it("P33: two applications created one Secret", () => {
    assert.match(
      changed(({ inClusterDeliveries }) => {
        inClusterDeliveries["langfuse-secrets"] = {
          externalSecret: "other-sync",
          authority: "generated",
          producer: "vault-bootstrap",
          keys: { A: "langfuse-admin-password" },
        };
      })[0] ?? "",
      /^catalogue-target-twice: langfuse-secrets is declared twice/,
    );
  });

  it("P34: a committed CHANGEME reached production", () => {
    for (const value of ["CHANGEME", "changeme", "REPLACE_ME", "__generate__"]) {
      assert.equal(isPlaceholder(value, real.fixtures), true);
      assert.deepEqual(refusedInEnv(`OPENAI_API_KEY=${value}`), ["dotenv-placeholder OPENAI_API_KEY"]);
    }
  });

  it("P42: a token was revoked, because one account was used for two secrets", () => {
    const account = "one-account-as-base64-text";
    const files = [
      { path: ".env", text: `CODEX_AUTH_JSON_B64_0=${account}\nCODEX_AUTH_JSON_B64_1=${account}`, tracked: false },
    ];
    const { findings } = compileDotenv({ files, catalogue: real, environment: "dev", secretPrefix: "" });
    assert.deepEqual(
      findings.map(({ severity, code, subject }) => [severity, code, subject]),
      [["warning", "dotenv-same-value", "CODEX_AUTH_JSON_B64_1"]],
    );
  });
});
