import { X509Certificate } from "node:crypto";
import { z } from "zod";

/** Tags that this program sets on a secret itself: who manages it, and which versions a rollback restored and replaced. */
const ownSecretTags = ["managed-by", "restores", "replaces"];
/** Key Vault allows 15 tags on a secret. */
const mostTags = 15 - ownSecretTags.length;

/** Bounds of Azure Resource Manager. @see https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
const tagName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^<>%&\\?/]*$/, "a tag's name must not contain any of < > % & \\ ? /")
  .refine((name) => !ownSecretTags.includes(name.toLowerCase()), {
    message: `${ownSecretTags.join(", ")} are what this program sets on secrets; use another name`,
  });

const tags = z
  .record(tagName, z.string().max(256))
  .refine(
    (all) => Object.keys(all).length <= mostTags,
    `Key Vault allows 15 tags on a secret, ${mostTags} of them here`,
  )
  .optional()
  .describe(
    `tags of every resource that this program creates in Azure and that can have them: Key Vault, secrets, identity, and the resource group of \`local\`; at most ${mostTags}`,
  );

/** Only public addresses can be in a Key Vault's rules: a private one never arrives there. */
const isPrivate = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;

/** As Azure stores it, a single address with `/32`: otherwise every refresh would report a difference. */
const address = z
  .union([z.ipv4(), z.cidrv4()], "use an IPv4 address or range, such as 20.1.2.3 or 20.1.2.0/24")
  .refine((text) => !isPrivate.test(text), "Key Vault refuses private addresses here; list the subnet instead")
  .transform((text) => (text.includes("/") ? text : `${text}/32`))
  .refine((range) => firstOf(range) === range, {
    error: ({ input }) => `the range does not begin at its first address; use ${firstOf(String(input))}`,
  });

/** In lower case, as Azure returns it. */
const subnet = z
  .string()
  .regex(
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i,
    "use the id of a subnet, as `az network vnet subnet show --query id` prints it",
  )
  .transform((id) => id.toLowerCase());

const network = z
  .strictObject({
    publicAccess: z
      .boolean()
      .default(true)
      .describe("`false` closes the public endpoint: only private endpoints reach the Key Vault"),
    addresses: z
      .array(address)
      .max(1000)
      .default([])
      .describe(
        "public IPv4 addresses and ranges that may reach the Key Vault; all others are refused. List each cluster's egress, and the machines that run `env push`",
      ),
    subnets: z
      .array(subnet)
      .max(200)
      .default([])
      .describe("ids of subnets that may reach it, each with the service endpoint `Microsoft.KeyVault`"),
    trustedServices: z
      .boolean()
      .default(true)
      .describe("whether Microsoft's trusted services bypass these rules; Azure's default"),
  })
  .superRefine(({ publicAccess, addresses, subnets }, context) => {
    const lists = Object.entries({ addresses, subnets }).flatMap(([name, list]) => (list.length > 0 ? [name] : []));
    if (!publicAccess && lists.length > 0) {
      context.addIssue(`Azure ignores ${lists.join(" and ")} while publicAccess is false; remove one or the other`);
    }
    if (publicAccess && lists.length === 0) {
      context.addIssue(
        "lists no address and no subnet, so nothing could reach the Key Vault; list some, or set publicAccess: false to use private endpoints only",
      );
    }
  })
  .optional();

const extraCaPem = z
  .string()
  .refine((pem) => !pem.includes("PRIVATE KEY"), "contains a private key; only the certificate belongs here")
  .refine(isCertificate, "is not a certificate in PEM, such as the file of your proxy's CA")
  .optional()
  .describe(
    "PEM of a CA that vault-bootstrap trusts next to Node's own, where a proxy terminates TLS between the cluster and Azure",
  );

export const azureSettings = z.strictObject({
  tenantId: z.guid().describe("Azure's tenant"),
  subscriptionId: z.guid().describe("the subscription of the Key Vault"),
  location: z.string().default("westeurope").describe("region of new resources"),
  resourceGroup: z.string().default("Ameide").describe("it must exist; only `local` creates its own"),
  keyVault: z
    .string()
    .regex(/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/, "use 3 to 24 letters, digits or single hyphens")
    .default("ameidekv")
    .describe("name of the Key Vault, unique in all of Azure: 3 to 24 letters, digits or single hyphens"), // Azure's own bounds
  sku: z
    .enum(["standard", "premium"])
    .default("standard")
    .describe("price tier of the Key Vault; `premium` keeps keys in hardware, which secrets do not need"),
  network,
  tags,
  identity: z
    .string()
    .default("ameide-vault-bootstrap-mi")
    .describe("name of the managed identity with which vault-bootstrap reads it"),
  extraCaPem,
  recover: z
    .boolean()
    .optional()
    .describe(
      "bring back a Key Vault that was deleted by other means, from its soft delete; set it for that one update",
    ),
});

export type AzureSettings = z.infer<typeof azureSettings>;

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== "";
  } catch {
    return false;
  }
}

/** The range with its host bits cleared. */
function firstOf(range: string): string {
  const [base = "", bits = "32"] = range.split("/");
  const size = 2 ** (32 - Number(bits));
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
}
