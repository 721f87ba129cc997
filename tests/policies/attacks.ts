import { stringify } from "yaml";
import { changed, type Sample } from "./examples/example.ts";
import { externalSecret, keyVaultSecret } from "./examples/samples.ts";

/** A way round the pack that once worked, or a sibling of one: its resources, and a rule that refuses it in prod. */
export interface Attack {
  readonly what: string;
  readonly samples: readonly Sample[];
  readonly rule: string;
}

/** A secret of CNPG, under the name that every one of these writes. */
export const stolen = "platform-db-credentials";
const managed = "authority-cluster-managed";

function one(what: string, type: string, props: Readonly<Record<string, unknown>>, rule = managed): Attack {
  return { what, samples: [{ type, props, protect: true }], rule };
}

const { props: azureProps } = changed(keyVaultSecret, [["secretName"], stolen]) as { props: Record<string, unknown> };
const azurermProps = { name: stolen, value: "a real value", keyVaultId: "/subscriptions/x" };

/** One kind of resource under another type. */
export const typeAttacks: readonly Attack[] = [
  one("azure-native, another API version", "azure-native:keyvault/v20240401preview:Secret", azureProps),
  one(
    "azure-native, the local SDK of an API version",
    "azure-native_keyvault_v20240401preview:keyvault:Secret",
    azureProps,
  ),
  one("a local package of any name", "acme:keyvault:Secret", azureProps),
  one("classic azure", "azure:keyvault/secret:Secret", azurermProps),
  one("the Terraform provider azurerm", "azurerm:index/keyVaultSecret:KeyVaultSecret", azurermProps),
  one("a Terraform module of any name", "acme:tf:azurerm_key_vault_secret", azurermProps),
  one("the Terraform provider vault", "vault:index/kvSecretV2:KvSecretV2", { mount: "secret", name: stolen }),
  one("a Terraform module that writes to Vault", "acme:tf:vault_generic_secret", { path: `secret/${stolen}` }),
];

/** One path of Vault in another spelling. */
export const pathAttacks: readonly Attack[] = (
  [
    ["vault:generic/endpoint:Endpoint", `sys/../secret/data/${stolen}`],
    ["vault:generic/endpoint:Endpoint", `auth/x/../../secret//data/${stolen}`],
    ["vault:generic/endpoint:Endpoint", `sys/%2e%2e/secret/data/${stolen}`],
    ["vault:generic/endpoint:Endpoint", `sys/%252e%252e%252fsecret/data/${stolen}`],
    ["vault:generic/endpoint:Endpoint", `../v1/secret/data/${stolen}`],
    ["vault:generic/endpoint:Endpoint", "secret/data/platform%2ddb%2dcredentials"],
    ["vault:generic/endpoint:Endpoint", `kubernetes/data/${stolen}`],
    ["vault:generic/secret:Secret", `identity/../secret/./${stolen}`],
    ["vault:kv/secret:Secret", `/auth/../kv/${stolen}`],
  ] as const
).map(([type, path]) => one(`${type} at ${path}`, type, { path, dataJson: "{}" }));

/** An ExternalSecret that reads the secret of CNPG, inside something else. */
const reader = changed(externalSecret, [["spec", "data", 0, "remoteRef", "key"], stolen]).props;
const asYaml = stringify(reader);
/** As a chart would write it: a template that is no YAML before Helm renders it. */
const asTemplate = asYaml.replace("namespace: ameide-prod", "namespace: {{ .Release.Namespace }}");
const asConfigMap = (text: string): Readonly<Record<string, unknown>> => ({
  metadata: { name: "manifests", namespace: "ameide-prod" },
  data: { "reader.yaml": text },
});
const armSecret = { type: "Microsoft.KeyVault/vaults/secrets", apiVersion: "2023-07-01", properties: { value: "x" } };
const template = (resources: unknown, more: object = {}): Readonly<Record<string, unknown>> => ({
  $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  contentVersion: "1.0.0.0",
  ...more,
  resources,
});
const deployed = (what: string, content: unknown, parameters: object = {}): Attack =>
  one(`a Deployment with ${what}`, "azure-native:resources:Deployment", {
    resourceGroupName: "Ameide",
    properties: { mode: "Incremental", template: content, parameters },
  });

/** A manifest or a template in another tool's hands. */
export const embeddedAttacks: readonly Attack[] = [
  one("an ExternalSecret under the type of a ConfigMap", "kubernetes:core/v1:ConfigMap", reader),
  one("an ExternalSecret under the type of a Namespace", "kubernetes:core/v1:Namespace", reader),
  one("an ExternalSecret under the type of a patch", "kubernetes:core/v1:ServiceAccountPatch", reader),
  one("a list under the type of a ConfigMap", "kubernetes:core/v1:ConfigMap", {
    apiVersion: "v1",
    kind: "List",
    items: [reader],
  }),
  one("a ConfigMap with a manifest", "kubernetes:core/v1:ConfigMap", asConfigMap(asYaml)),
  one("a ConfigMap in a ConfigMap", "kubernetes:core/v1:ConfigMap", {
    ...asConfigMap(stringify({ apiVersion: "v1", kind: "ConfigMap", ...asConfigMap(asYaml) })),
  }),
  one("a ConfigGroup with objects", "kubernetes:yaml/v2:ConfigGroup", { objs: [reader] }),
  one("a ConfigGroup with YAML", "kubernetes:yaml/v2:ConfigGroup", { yaml: `---\n---\n${asYaml}` }),
  one("a ConfigGroup of version 1", "kubernetes:yaml:ConfigGroup", { yaml: [asYaml] }),
  one("a Release with extraObjects", "kubernetes:helm.sh/v3:Release", {
    chart: "x",
    values: { extraObjects: [reader] },
  }),
  one("a Release with templates in extraDeploy", "kubernetes:helm.sh/v3:Release", {
    values: { extraDeploy: [asTemplate] },
  }),
  one("a Release with a values file of text", "kubernetes:helm.sh/v3:Release", {
    valueYamlFiles: [{ text: stringify({ any: { key: [reader] } }) }],
  }),
  one("a Chart with a list of manifests", "kubernetes:helm.sh/v4:Chart", {
    values: { raw: { apiVersion: "v1", kind: "List", items: [reader] } },
  }),
  one("the Terraform provider helm", "helm:index/release:Release", { values: [stringify({ extraObjects: [reader] })] }),
  one("the Terraform provider kubectl", "kubectl:index/manifest:Manifest", { yamlBody: asYaml }),
  one("an Application of Argo CD with extraObjects", "kubernetes:argoproj.io/v1alpha1:Application", {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "x", namespace: "argocd" },
    spec: { source: { helm: { values: stringify({ extraObjects: [reader] }) } } },
  }),
  deployed("a secret", template([{ ...armSecret, name: `ameidekv/${stolen}` }])),
  deployed(
    "a secret below its vault",
    template([
      {
        type: "Microsoft.KeyVault/vaults",
        name: "ameidekv",
        resources: [{ ...armSecret, type: "secrets", name: stolen }],
      },
    ]),
  ),
  deployed("a secret under a symbolic name", template({ it: { ...armSecret, name: `ameidekv/${stolen}` } })),
  deployed(
    "a computed name",
    template([{ ...armSecret, name: "[format('{0}/{1}', parameters('vault'), variables('name'))]" }], {
      parameters: { vault: { type: "string" } },
      variables: { name: "[concat('platform-db', '-credentials')]" },
    }),
    { vault: { value: "ameidekv" } },
  ),
  deployed(
    "a name from a parameter",
    template([{ ...armSecret, name: "[concat('ameidekv/', parameters('name'))]" }], { parameters: { name: {} } }),
    { name: { value: stolen } },
  ),
  {
    ...deployed("a name that only Azure computes", template([{ ...armSecret, name: "[uniqueString('x')]" }])),
    rule: "authority-not-in-catalogue",
  },
  deployed(
    "a deployment",
    template([
      {
        type: "Microsoft.Resources/deployments",
        name: "inner",
        properties: { template: template([{ ...armSecret, name: `ameidekv/${stolen}` }]) },
      },
    ]),
  ),
  one("a template of classic azure", "azure:core/resourceGroupTemplateDeployment:ResourceGroupTemplateDeployment", {
    templateContent: JSON.stringify(template([{ ...armSecret, name: `ameidekv/${stolen}` }])),
  }),
  one("azure-native's generic resource", "azure-native:resources:Resource", {
    resourceProviderNamespace: "Microsoft.KeyVault",
    parentResourcePath: "vaults/ameidekv",
    resourceType: "secrets",
    resourceName: stolen,
    properties: { value: "x" },
  }),
  one("the generic resource, with the parent in the type", "azure-native:resources:Resource", {
    resourceProviderNamespace: "microsoft.keyvault",
    parentResourcePath: "",
    resourceType: "Vaults/Secrets",
    resourceName: `ameidekv/${stolen}`,
  }),
  one("azapi", "azapi:index/resource:Resource", {
    type: "Microsoft.KeyVault/vaults/secrets@2023-07-01",
    parentId: "/subscriptions/x/resourceGroups/Ameide/providers/Microsoft.KeyVault/vaults/ameidekv",
    name: stolen,
    body: { properties: { value: "x" } },
  }),
];

/** What no rule can read. */
export const unreadAttacks: readonly Attack[] = [
  ...[
    "command:local:Command",
    "command:remote:Command",
    "command:remote:CopyToRemote",
    "docker:index/container:Container",
    "docker-build:index:Image",
    "pulumi-nodejs:dynamic:Resource",
    "pulumi-nodejs:dynamic/kv:Writer",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:kustomize/v2:Directory",
    "azure-native:resources:AzureCliScript",
    "azure-native:resources/v20230801:AzurePowerShellScript",
  ].map((type) => one(type, type, {}, "authority-opaque-writer")),
  one("a ConfigGroup of files", "kubernetes:yaml/v2:ConfigGroup", { files: ["a.yaml"] }, "authority-opaque-writer"),
  one("a ConfigFile", "kubernetes:yaml/v2:ConfigFile", { file: "a.yaml" }, "authority-opaque-writer"),
  one(
    "a Deployment of a linked template",
    "azure-native:resources:Deployment",
    { properties: { templateLink: { uri: "https://example.com/t.json" } } },
    "authority-opaque-writer",
  ),
  ...[
    "azure-native:keyvault:Key",
    "azure-native:web:WebAppApplicationSettings",
    "azure:keyvault/certificate:Certificate",
    "vault:transform/transformation:Transformation",
    "kubernetes:generators.external-secrets.io/v1alpha1:Password",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "acme:index:Writer",
    "odd",
  ].map((type) => one(type, type, {}, "authority-unknown-type")),
];
