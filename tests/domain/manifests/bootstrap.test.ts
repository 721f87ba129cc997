import assert from "node:assert/strict";
import type { EnvironmentStack } from "../../../domain/plan/environment.ts";
import { bootstrapConfigMap, bootstrapCronJob, bootstrapSyncJob } from "../../../domain/manifests/bootstrap.ts";
import { azure, environmentStack, localStack } from "../../support/stacks.ts";

const name = "foundation-vault-bootstrap-vault-bootstrap";
const stack = environmentStack();

function podOf(of: EnvironmentStack = stack) {
  const { spec } = bootstrapCronJob(of, "client").spec.jobTemplate.spec.template;
  const [container] = spec.containers;
  assert.ok(container);
  return {
    spec,
    container,
    env: Object.fromEntries(container.env.map((one) => [one.name, "value" in one ? one.value : one.valueFrom])),
  };
}

describe("bootstrapConfigMap", () => {
  it("contains bundle and configuration, and is immutable", () => {
    const { data, immutable } = bootstrapConfigMap(stack);
    assert.equal(immutable, true);
    assert.deepEqual(Object.keys(data), ["vault-bootstrap.cjs", "config.json"]);
    assert.equal(data["vault-bootstrap.cjs"], "// bundle");
    assert.deepEqual(JSON.parse(data["config.json"]), stack.bootstrap.config);
  });

  it("contains the CA that pods must trust, if there is one", () =>
    assert.equal(
      bootstrapConfigMap(environmentStack("dev", { azure: { ...azure, extraCaPem: "PEM" } })).data["extra-ca.pem"],
      "PEM",
    ));

  it("has another name for different data, and the same name for the same data", () => {
    const other = environmentStack("dev", { bootstrap: { ...stack.bootstrap, bundle: "// other" } });
    const nameOf = (of: EnvironmentStack) => bootstrapConfigMap(of).metadata.name;
    assert.match(nameOf(stack), new RegExp(`^${name}-[0-9a-f]{12}$`));
    assert.notEqual(nameOf(other), nameOf(stack));
    assert.equal(nameOf(environmentStack()), nameOf(stack));
  });
});

describe("bootstrapCronJob", () => {
  it("has the name of the federated credential and the runbooks, short enough for a CronJob", () => {
    const { metadata } = bootstrapCronJob(stack, "client");
    assert.deepEqual([metadata.name, metadata.namespace], [name, "ameide-dev"]);
    assert.ok(metadata.name.length <= 52);
  });

  it("never runs twice at a time, and ends before the next run begins", () => {
    const { spec } = bootstrapCronJob(stack, "client");
    assert.equal(spec.schedule, "*/5 * * * *");
    assert.equal(spec.concurrencyPolicy, "Forbid");
    assert.equal(spec.startingDeadlineSeconds, 300);
    assert.equal(spec.jobTemplate.spec.activeDeadlineSeconds, 245);
    assert.equal(spec.jobTemplate.spec.backoffLimit, 0);
  });

  it("ends before the next run begins, even if the program's own deadline is the period", () => {
    const config = { ...stack.bootstrap.config, deadlineInSeconds: 300 };
    const late = environmentStack("dev", { bootstrap: { ...stack.bootstrap, config } });
    assert.equal(bootstrapCronJob(late, "client").spec.jobTemplate.spec.activeDeadlineSeconds, 295);
  });

  it("runs the bundle as nobody, with a read-only file system and without capabilities", () => {
    const { spec, container } = podOf();
    assert.deepEqual(container.command, ["/nodejs/bin/node", "/opt/vault-bootstrap/vault-bootstrap.cjs"]);
    assert.deepEqual(spec.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("contains what Azure's webhook would add, so that it needs no webhook", () => {
    const { spec, container, env } = podOf();
    assert.deepEqual(env, {
      VAULT_BOOTSTRAP_CONFIG: "/opt/vault-bootstrap/config.json",
      SERVICE_ACCOUNT_DIR: "/var/run/secrets/kubernetes.io/serviceaccount",
      VAULT_BOOTSTRAP_RUN_ID: { fieldRef: { fieldPath: "metadata.name" } },
      NODE_OPTIONS: "--max-semi-space-size=2 --max-old-space-size=160",
      MALLOC_ARENA_MAX: "1",
      AZURE_CLIENT_ID: "client",
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/azure/tokens/azure-identity-token",
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
    });
    assert.deepEqual(spec.volumes.at(-1), {
      name: "azure-identity-token",
      projected: {
        sources: [
          {
            serviceAccountToken: {
              audience: "api://AzureADTokenExchange",
              expirationSeconds: 3600,
              path: "azure-identity-token",
            },
          },
        ],
      },
    });
    assert.deepEqual(container.volumeMounts.at(-1), {
      name: "azure-identity-token",
      mountPath: "/var/run/secrets/azure/tokens",
      readOnly: true,
    });
  });

  it("keeps the webhook's label", () =>
    assert.equal(
      bootstrapCronJob(stack, "client").spec.jobTemplate.spec.template.metadata.labels["azure.workload.identity/use"],
      "true",
    ));

  it("contains nothing of Azure if the source is a Secret of the cluster", () => {
    const config = { ...stack.bootstrap.config, source: { type: "kubernetes-secret", name: "s", key: "k" } as const };
    const { spec, env } = podOf(environmentStack("dev", { bootstrap: { ...stack.bootstrap, config } }));
    assert.deepEqual(Object.keys(env), [
      "VAULT_BOOTSTRAP_CONFIG",
      "SERVICE_ACCOUNT_DIR",
      "VAULT_BOOTSTRAP_RUN_ID",
      "NODE_OPTIONS",
      "MALLOC_ARENA_MAX",
    ]);
    assert.deepEqual(
      spec.volumes.map((volume) => volume.name),
      ["vault-bootstrap"],
    );
  });

  it("trusts the extra CA and uses the other authority, if they are set", () => {
    const place = { ...azure, extraCaPem: "PEM", authorityHost: "https://127.0.0.1:28208/" };
    const { env } = podOf(environmentStack("dev", { azure: place }));
    assert.equal(env["NODE_EXTRA_CA_CERTS"], "/opt/vault-bootstrap/extra-ca.pem");
    assert.equal(env["AZURE_AUTHORITY_HOST"], "https://127.0.0.1:28208/");
  });

  for (const [environment, value] of [
    ["dev", "dev"],
    ["staging", "staging"],
    ["prod", "production"],
  ] as const) {
    it(`tolerates the taint ${value} of the node pool of ${environment}`, () =>
      assert.deepEqual(podOf(environmentStack(environment)).spec.tolerations, [
        { key: "ameide.io/environment", operator: "Equal", value, effect: "NoSchedule" },
      ]));
  }

  it("has no tolerations in local", () => assert.equal(podOf(localStack()).spec.tolerations, undefined));
});

describe("bootstrapSyncJob", () => {
  it("runs the CronJob's pod, but waits for Azure's propagation", () => {
    const job = bootstrapSyncJob(stack, "client", `${name}-sync-x`);
    const scheduled = bootstrapCronJob(stack, "client").spec.jobTemplate.spec.template;
    const { args, ...container } = job.spec.template.spec.containers[0] ?? {};
    const { args: none, ...same } = scheduled.spec.containers[0] ?? {};
    assert.deepEqual([args, none], [["--wait-for-propagation"], []]);
    assert.deepEqual(container, same);
  });

  it("has no TTL, and a deadline longer than Azure's 15 minutes", () => {
    const { spec } = bootstrapSyncJob(stack, "client", "n");
    assert.ok(!("ttlSecondsAfterFinished" in spec));
    assert.equal(spec.activeDeadlineSeconds, 1200);
    assert.equal(spec.backoffLimit, 0);
  });
});

describe("the CA of Vault in the pod", () => {
  const withCa = (podCa: NonNullable<EnvironmentStack["vault"]["podCa"]>) =>
    environmentStack("dev", { vault: { ...stack.vault, podCa } });

  it("is in the ConfigMap if the settings contain its text", () => {
    const own = withCa({ pem: "PEM" });
    assert.equal(bootstrapConfigMap(own).data["vault-ca.pem"], "PEM");
    assert.equal(podOf(own).env["VAULT_CACERT"], "/opt/vault-bootstrap/vault-ca.pem");
  });

  for (const [kind, source] of [
    ["ConfigMap", { configMap: { name: "company-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } }],
    ["Secret", { secret: { secretName: "company-ca", items: [{ key: "ca.crt", path: "ca.crt" }] } }],
  ] as const) {
    it(`is mounted from the ${kind} that the settings name, without its other keys`, () => {
      const { spec, container, env } = podOf(withCa({ kind, name: "company-ca", key: "ca.crt" }));
      assert.deepEqual(
        spec.volumes.find(({ name: volume }) => volume === "vault-ca"),
        { name: "vault-ca", ...source },
      );
      assert.ok(
        container.volumeMounts.some(
          ({ name: volume, mountPath }) => volume === "vault-ca" && mountPath === "/etc/vault-ca",
        ),
      );
      assert.equal(env["VAULT_CACERT"], "/etc/vault-ca/ca.crt");
    });
  }
});
