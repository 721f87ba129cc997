import assert from "node:assert/strict";
import { changed, type Path } from "./examples/example.ts";
import { container, cronJob, deliveryRole, pod } from "./examples/samples.ts";
import { saidBy } from "../support/policy.ts";

const digest = `@sha256:${"a".repeat(64)}`;
const image: Path = [...container, "image"];
const label: Path = [...pod.slice(0, -1), "metadata", "labels", "azure.workload.identity/use"];

describe("rules of vault-bootstrap", () => {
  it("judge what runs as its ServiceAccount, and by the workload's own name where it has none", () => {
    const account = [...pod, "serviceAccountName"];
    const replaced = changed(cronJob, [["spec", "concurrencyPolicy"], "Replace"]);
    const judges = (...changes: readonly (readonly [Path, unknown])[]) =>
      saidBy("bootstrap-concurrency", changed(replaced, ...changes)).length > 0;
    assert.equal(judges([["metadata", "name"], "other"]), true);
    assert.equal(judges([account, "other"]), false);
    assert.equal(judges([account, undefined]), true);
  });
});

describe("rule bootstrap-image", () => {
  for (const name of [
    "alpine/k8s",
    "docker.io/hashicorp/vault",
    "busybox",
    "gcr.io/distroless/nodejs22-debian12:nonroot",
  ]) {
    it(`allows ${name} by digest: no login is needed for it`, () =>
      assert.deepEqual(saidBy("bootstrap-image", changed(cronJob, [image, `${name}${digest}`])), []));
  }
  it("refuses a private registry even by digest: the bootstrap delivers the pull secret", () =>
    assert.deepEqual(saidBy("bootstrap-image", changed(cronJob, [image, `ghcr.io/ameideio/bootstrap${digest}`])), [
      'container "vault-bootstrap": pulls from "ghcr.io", which may need a login; use a public registry',
    ]));
  it("checks init containers too", () =>
    assert.deepEqual(
      saidBy(
        "bootstrap-image",
        changed(cronJob, [[...pod, "initContainers"], [{ name: "kubectl", image: "alpine/k8s:1.30" }]]),
      ),
      ['container "kubectl": runs "alpine/k8s:1.30"; use repository@sha256:<64 hex digits>'],
    ));
  it("ignores other workloads", () =>
    assert.deepEqual(
      saidBy(
        "bootstrap-image",
        changed(cronJob, [[...pod, "serviceAccountName"], "backup"], [["metadata", "name"], "backup"], [image, "x:1"]),
      ),
      [],
    ));
});

describe("rule bootstrap-identity-token", () => {
  const volume = (audience: string): unknown => [
    { name: "token", projected: { sources: [{ serviceAccountToken: { audience, path: "x" } }] } },
  ];
  const withVolume = (audience: string): ReturnType<typeof saidBy> =>
    saidBy("bootstrap-identity-token", changed(cronJob, [label, undefined], [[...pod, "volumes"], volume(audience)]));

  it("allows its own token volume instead of the webhook's label", () =>
    assert.deepEqual(withVolume("api://AzureADTokenExchange"), []));
  it("refuses a token volume of another audience", () =>
    assert.deepEqual(withVolume("vault"), ["logs in to Azure but has no token for it"]));
  it("allows a bootstrap without Azure", () =>
    assert.deepEqual(
      saidBy(
        "bootstrap-identity-token",
        changed(cronJob, [label, undefined], [[...container, "env"], [{ name: "VAULT_ADDR", value: "http://x" }]]),
      ),
      [],
    ));
});

describe("rule bootstrap-download", () => {
  for (const command of [
    "curl -fsSL https://dl.k8s.io/kubectl -o /tmp/kubectl",
    "apt-get install -y jq",
    "set -e; pip install hvac",
  ]) {
    it(`fails "${command}"`, () =>
      assert.equal(saidBy("bootstrap-download", changed(cronJob, [[...container, "args"], [command]])).length, 1));
  }
  for (const command of [
    "curl -s $VAULT_ADDR/v1/sys/health",
    "curl http://127.0.0.1:8200/v1/sys/health",
    "echo curl",
  ]) {
    it(`allows "${command}"`, () =>
      assert.deepEqual(saidBy("bootstrap-download", changed(cronJob, [[...container, "args"], [command]])), []));
  }
});

describe("rule bootstrap-delivery-rights", () => {
  const saidOf = (...changes: readonly (readonly [Path, unknown])[]) =>
    saidBy("bootstrap-delivery-rights", changed(deliveryRole, ...changes));
  const every = "lets vault-bootstrap change every ExternalSecret of a namespace; list them in resourceNames";

  it("refuses a verb that allows more than requesting a sync, by name or by *", () => {
    for (const verb of ["create", "delete", "update", "*"])
      assert.deepEqual(
        saidOf([
          ["rules", 0, "verbs"],
          ["patch", verb],
        ]),
        [`lets vault-bootstrap ${verb} ExternalSecrets; allow patch only`],
      );
  });
  it("refuses an empty list of names, and * as group or resource", () => {
    assert.deepEqual(saidOf([["rules", 0, "resourceNames"], []]), [every]);
    const wide = { apiGroups: ["*"], resources: ["*"], verbs: ["patch"] };
    assert.deepEqual(saidOf([["rules", 1], wide]), [every]);
  });
  it("ignores read-only rules, other resources and Roles of other accounts", () => {
    assert.deepEqual(saidOf([["rules", 0], { apiGroups: [""], resources: ["configmaps"], verbs: ["update"] }]), []);
    assert.deepEqual(saidOf([["metadata", "name"], "others"], [["rules", 0, "resourceNames"], undefined]), []);
  });
});
