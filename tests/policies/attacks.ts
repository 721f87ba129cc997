import type { Sample } from "./examples/example.ts";
import { changed } from "./examples/example.ts";
import { keyVaultSecret } from "./examples/samples.ts";

/** A way round the pack that once worked, or a sibling of one: its resources, and a rule that refuses it in prod. */
export interface Attack {
  readonly what: string;
  readonly samples: readonly Sample[];
  readonly rule: string;
}

/** A secret of CNPG, under the name that every one of these writes. */
const stolen = "platform-db-credentials";
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
