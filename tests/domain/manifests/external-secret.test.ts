import assert from "node:assert/strict";
import { dockerConfigJson, externalSecret, pullSecretPatches } from "../../../domain/manifests/external-secret.ts";
import type { PlannedDelivery } from "../../../domain/plan/environment.ts";
import { environmentStack } from "../../support/stacks.ts";

const { deliveries } = environmentStack().plan;

function named(name: string): PlannedDelivery {
  const found = deliveries.find((delivery) => delivery.name === name);
  assert.ok(found);
  return found;
}

describe("externalSecret", () => {
  it("requests each key by name, as field `value`, with every default set explicitly", () => {
    const { spec } = externalSecret(named("inference-api-credentials-sync"), "d");
    const remote = {
      property: "value",
      conversionStrategy: "Default",
      decodingStrategy: "None",
      metadataPolicy: "None",
    };
    assert.deepEqual(spec.data, [
      { secretKey: "ANTHROPIC_API_KEY", remoteRef: { key: "anthropic-api-key", ...remote } },
      { secretKey: "OPENAI_API_KEY", remoteRef: { key: "openai-api-key", ...remote } },
    ]);
  });

  it("owns its target, keeps it when the source fails, and gives it the label of document 451", () => {
    const { spec } = externalSecret(named("langfuse-secrets-sync"), "d");
    assert.deepEqual(spec.target, {
      name: "langfuse-secrets",
      creationPolicy: "Owner",
      deletionPolicy: "Retain",
      template: {
        engineVersion: "v2",
        mergePolicy: "Replace",
        type: "Opaque",
        metadata: { labels: { "app.kubernetes.io/managed-by": "external-secrets" } },
      },
    });
  });

  it("fetches from the store of its own namespace, at an interval of its own", () => {
    const { spec, metadata } = externalSecret(named("ghcr-pull-sync"), "0123");
    assert.deepEqual(spec.secretStoreRef, { kind: "SecretStore", name: "ameide-vault" });
    assert.equal(spec.refreshInterval, "5m13s");
    assert.deepEqual(metadata.annotations, { "ameide.io/chain-digest": "0123" });
  });

  it("composes a pull secret from user name and token: the bare token is not a dockerconfigjson", () => {
    const { template } = externalSecret(named("ghcr-pull-sync"), "d").spec.target;
    assert.equal(template.type, "kubernetes.io/dockerconfigjson");
    assert.deepEqual(template.data, { ".dockerconfigjson": dockerConfigJson("ghcr.io") });
  });
});

describe("dockerConfigJson", () => {
  it("quotes its inputs, and names the registry", () =>
    assert.equal(
      dockerConfigJson("ghcr.io"),
      '{"auths":{"ghcr.io":{"username":{{ .username | toJson }},"password":{{ .password | toJson }},"auth":{{ printf "%s:%s" .username .password | b64enc | toJson }}}}}',
    ));
});

describe("pullSecretPatches", () => {
  const pull = named("ghcr-pull-sync");

  it("lists every pull secret of an account once, in one patch", () =>
    assert.deepEqual(
      pullSecretPatches([pull, { ...pull, target: "docker-pull" }, pull]).map(({ metadata, imagePullSecrets }) => [
        metadata,
        imagePullSecrets,
      ]),
      [[{ name: "default", namespace: "ameide-dev" }, [{ name: "ghcr-pull" }, { name: "docker-pull" }]]],
    ));

  it("separates accounts with one name in two namespaces", () =>
    assert.deepEqual(
      pullSecretPatches(deliveries).map(({ metadata }) => metadata),
      [
        { name: "default", namespace: "ameide-dev" },
        { name: "default", namespace: "argocd" },
      ],
    ));

  it("changes no account for an Opaque delivery", () =>
    assert.deepEqual(pullSecretPatches([named("langfuse-secrets-sync")]), []));
});
