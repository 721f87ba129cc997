import { changed, type Example } from "./example.ts";
import { declaredDelivery, externalSecret, pullSecret } from "./samples.ts";

const template = ["spec", "target", "template"] as const;
const merged = changed(externalSecret, [
  template,
  { mergePolicy: "Merge", data: { LANGFUSE_HOST: "https://langfuse.example" } },
]);

const templated = changed(externalSecret, [
  template,
  { mergePolicy: "Merge", data: { url: "https://x/{{ .LANGFUSE_SECRET_KEY | urlquery }}" } },
]);

export const deliveryExamples: readonly Example[] = [
  {
    rule: "delivery-api-version",
    allowed: externalSecret,
    refused: {
      ...changed(externalSecret, [["apiVersion"], "external-secrets.io/v1beta1"]),
      type: "kubernetes:external-secrets.io/v1beta1:ExternalSecret",
    },
    says: "apiVersion is external-secrets.io/v1beta1; set external-secrets.io/v1",
    absent: changed(externalSecret, [["apiVersion"], undefined]),
    absentIsFine: "the type of the resource says the version",
    unknown: undefined,
  },
  {
    rule: "delivery-refresh",
    allowed: externalSecret,
    refused: changed(externalSecret, [["spec", "refreshInterval"], "10s"]),
    says: 'refreshInterval "10s" is under a minute; set at least 60s',
    absent: changed(externalSecret, [["spec", "refreshInterval"], undefined]),
    absentSays: "refreshInterval is not set; set a duration such as 15m",
    unknown: ["spec", "refreshInterval"],
  },
  {
    rule: "delivery-refresh-rotated",
    allowed: declaredDelivery,
    refused: changed(declaredDelivery, [["spec", "refreshInterval"], "1h"]),
    says: 'reads "platform-app-master-client-secret", which its owner rotates, only every 1h; set 15m or less',
    absent: changed(declaredDelivery, [["spec", "refreshInterval"], undefined]),
    absentSays: 'reads "platform-app-master-client-secret", which its owner rotates, only every 1h; set 15m or less',
    unknown: ["spec", "refreshInterval"],
  },
  {
    rule: "delivery-policies",
    allowed: externalSecret,
    refused: changed(externalSecret, [["spec", "target", "deletionPolicy"], "Delete"]),
    says: "deletionPolicy is Delete; set Retain",
    absent: changed(externalSecret, [["spec", "target", "creationPolicy"], undefined]),
    absentSays: "creationPolicy is not set; set Owner",
    unknown: ["spec", "target", "deletionPolicy"],
  },
  {
    rule: "delivery-find",
    allowed: externalSecret,
    refused: changed(externalSecret, [["spec", "dataFrom"], [{ find: { name: { regexp: "langfuse-.*" } } }]]),
    says: "requests whatever find matches; name each key",
    absent: changed(externalSecret, [["spec", "data"], undefined]),
    absentIsFine: "without dataFrom nothing is found",
    unknown: ["spec", "dataFrom"],
  },
  {
    rule: "delivery-target-kind",
    allowed: externalSecret,
    refused: changed(externalSecret, [["spec", "target", "manifest"], { apiVersion: "v1", kind: "ConfigMap" }]),
    says: "writes its values into a ConfigMap; remove target.manifest",
    absent: changed(externalSecret, [["spec", "target"], undefined]),
    absentIsFine: "without a manifest the target is a Secret",
    unknown: ["spec", "target"],
  },
  {
    rule: "delivery-docker-config",
    allowed: pullSecret,
    refused: changed(
      pullSecret,
      [[...template, "data"], undefined],
      [["spec", "data"], [{ secretKey: ".dockerconfigjson", remoteRef: { key: "ghcr-token", property: "value" } }]],
    ),
    says: "copies .dockerconfigjson from Vault; compose it in the template",
    absent: changed(pullSecret, [["spec", "data"], undefined]),
    absentSays: "its template must use both user name and token",
    unknown: [...template, "data", ".dockerconfigjson"],
  },
  {
    rule: "delivery-merge",
    allowed: merged,
    refused: changed(merged, [[...template, "mergePolicy"], "Replace"]),
    says: 'its template drops the fetched "LANGFUSE_SECRET_KEY"; set mergePolicy Merge',
    absent: changed(merged, [[...template, "mergePolicy"], undefined]),
    absentSays: 'its template drops the fetched "LANGFUSE_SECRET_KEY"; set mergePolicy Merge',
    unknown: [...template, "mergePolicy"],
  },
  {
    rule: "delivery-template-keys",
    allowed: templated,
    refused: changed(templated, [[...template, "data", "url"], "https://x/{{ .langfuse-key }}"]),
    says: 'Go cannot read {{ .langfuse-key }} in its template; write {{ index . "langfuse-key" }}',
    absent: changed(templated, [["spec", "data"], undefined]),
    absentSays: 'its template uses the key "LANGFUSE_SECRET_KEY", which nothing fetches',
    unknown: [...template, "data", "url"],
  },
  {
    rule: "delivery-property",
    allowed: externalSecret,
    refused: changed(externalSecret, [["spec", "data", 0, "remoteRef", "property"], "password"]),
    says: '"langfuse-secret-key": property is password; set value',
    absent: changed(externalSecret, [["spec", "data", 0, "remoteRef", "property"], undefined]),
    absentSays: '"langfuse-secret-key": property is not set; set value',
    unknown: ["spec", "data", 0, "remoteRef", "property"],
  },
];
