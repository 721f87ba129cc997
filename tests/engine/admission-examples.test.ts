import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { admissionRules } from "../../domain/manifests/admission.ts";
import { environmentStack } from "../support/stacks.ts";
import { defineFields, resourcePath, useAdmission } from "../support/admission.ts";
import { policyCatalogue } from "../support/policy.ts";
import { examples } from "../policies/examples/all.ts";
import type { Example, Sample } from "../policies/examples/example.ts";

/** Rules that admission does not speak for, and why it cannot. */
const accepted: Readonly<Record<string, string>> = {
  "store-cluster-conditions":
    "a ClusterSecretStore is an object of the whole cluster: every environment's policy would judge the stores of others too",
  "store-role-covers": "compares with Vault's roles, which no admission policy can read",
  "store-for-namespace": "compares with the other objects of a namespace; there, External Secrets reports it",
  "authority-maker-target": "compares with the objects of operators next to it",
  "delivery-template-keys": "reads Go templates, which CEL cannot parse",
  "store-vault-engine": "would judge the stores of other teams, which may read other mounts",
  "store-pull-secret": "compares with the other objects of a namespace, and is advisory",
  "secretness-template-literal":
    "recognises credentials by their shape, with expressions that CEL's cost limit refuses",
};

/** Rules with a refused example that the API server refuses on its own. */
const refusedByServer: Readonly<Record<string, RegExp>> = {
  "delivery-api-version": /v1beta1|404|not find/,
};

const resources: Readonly<Record<string, string>> = {
  ExternalSecret: "externalsecrets",
  PushSecret: "pushsecrets",
  SecretStore: "secretstores",
  ClusterSecretStore: "clustersecretstores",
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function manifestOf(sample: Sample): Manifest | undefined {
  const object = "type" in sample ? sample.props : "document" in sample ? sample.document : undefined;
  return typeof object?.["kind"] === "string" && object["kind"] in resources
    ? (object as unknown as Manifest)
    : undefined;
}

function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const path = resourcePath(resources[kind] ?? "", metadata.namespace);
  return apiVersion.endsWith("v1beta1") ? path.replace("/v1/", "/v1beta1/") : path;
}

const canary = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  metadata: { name: "canary" },
  spec: { secretStoreRef: { name: "a" }, data: [{ secretKey: "a", remoteRef: { key: "nobody-knows" } }] },
};

describe("admission, on the examples of the rules", function () {
  this.timeout(60_000);
  const admission = useAdmission("prod", canary);

  before(async () => {
    const { cluster, hold } = admission();
    for (const name of ["ameide-system", "clickhouse-system"]) {
      await cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await defineFields(cluster, "pushsecrets", { dataTo: { type: "array", items: anything } });
    await defineFields(cluster, "externalsecrets", { "target.manifest": anything });
    await hold("deny", policyCatalogue);
    const newer = judged.filter(({ rule }) => rule === "authority-push-all" || rule === "delivery-target-kind");
    const limit = Date.now() + 20_000;
    for (const { refused } of newer) {
      while ((await refusal(refused)) === undefined) {
        if (Date.now() > limit) throw new Error("the API server drops the newer fields after 20 s");
        await sleep(200);
      }
    }
  });

  const refusal = (manifest: Manifest) => admission().refusal(manifest, pathOf(manifest));

  const judged = examples.flatMap((example) => {
    const [allowed, refused] = [manifestOf(example.allowed), manifestOf(example.refused)];
    return refused === undefined ? [] : [{ ...example, allowed, refused }];
  });

  for (const { rule, allowed, refused } of judged) {
    if (rule in accepted) {
      it(`does not cover ${rule}: ${accepted[rule] ?? ""}`, async () =>
        assert.ok(!((await refusal(refused)) ?? "").includes(rule)));
    } else if (rule in refusedByServer) {
      it(`need not refuse what ${rule} refuses, because the API server does`, async () =>
        assert.match((await refusal(refused)) ?? "", refusedByServer[rule] ?? /^$/));
    } else {
      it(`refuses what ${rule} refuses`, async () => assert.notEqual(await refusal(refused), undefined));
    }
    if (allowed === undefined) continue;
    it(`accepts what ${rule} allows`, async () => assert.equal(await refusal(allowed), undefined));
  }

  it("lists only rules with such an example", () =>
    assert.deepEqual(
      [...Object.keys(accepted), ...Object.keys(refusedByServer)].filter(
        (id) => !judged.some(({ rule }: Pick<Example, "rule">) => rule === id),
      ),
      [],
    ));

  it("names only rules that exist", () => {
    const ids = new Set(examples.map(({ rule }) => rule));
    const named = [...admissionRules(environmentStack("prod", {}, { catalogue: policyCatalogue })).values()];
    assert.deepEqual(
      named.flatMap((of) => [...of]).filter((id) => !ids.has(id)),
      [],
    );
  });
});
