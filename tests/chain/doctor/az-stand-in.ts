import { parseArgs } from "node:util";
import { SecretClient } from "@azure/keyvault-secrets";
import { localArm, loadLocalStack } from "../../../cli/access/local-stack.ts";
import { table } from "../../../cli/table.ts";
import { identityId, keyVaultId } from "../../../domain/resources/azure-inputs.ts";
import { localHome } from "../../../local/home.ts";
import { armRequest } from "../../support/arm.ts";

/**
 * Stands in for the Azure CLI where the local environment stands in for Azure: the commands that the seed and `doctor`
 * print, answered by Key Vault's official client and by Resource Manager.
 *
 * @param argv - the home's folder, its first port, then the words after `az`.
 * @throws Error on a command, an option or a vault that it does not know, as `az` would.
 */
async function main([dir = "", portBase = "", ...args]: readonly string[]): Promise<string> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "vault-name": text,
      name: text,
      enabled: text,
      "identity-name": text,
      "resource-group": text,
      tenant: text,
      query: text,
      output: { ...text, short: "o" },
    },
  });
  const home = localHome({ dir, portBase: Number(portBase) });
  const arm = localArm(home);
  const { azure } = await loadLocalStack(home, []);
  const read = async (path: string) => JSON.parse(await armRequest(arm, "GET", path)) as { readonly value?: unknown };
  const vault = async (): Promise<SecretClient> => {
    await read(`${keyVaultId({ ...azure, keyVault: values["vault-name"] ?? "" })}?api-version=2023-07-01`);
    const token = { token: arm.operatorToken, expiresOnTimestamp: Date.now() + 3_600_000 };
    const options = { disableChallengeResourceVerification: true, tlsOptions: { ca: arm.caPem } };
    return new SecretClient(home.azureUrl, { getToken: () => Promise.resolve(token) }, options);
  };

  switch (positionals.join(" ")) {
    case "login":
      return "";
    case "keyvault secret list": {
      const rows: Row[] = [];
      for await (const { name, enabled = true } of (await vault()).listPropertiesOfSecrets())
        rows.push({ name, enabled: String(enabled) });
      return printed(rows, values);
    }
    case "keyvault secret set-attributes": {
      const client = await vault();
      const { name = "", enabled } = values;
      const versions = [];
      for await (const version of client.listPropertiesOfSecretVersions(name)) versions.push(version);
      const newest = versions.toSorted((a, b) => Number(b.createdOn) - Number(a.createdOn))[0]?.version ?? "";
      await client.updateSecretProperties(name, newest, { enabled: enabled === "true" });
      return "";
    }
    case "identity federated-credential list": {
      const place = {
        ...azure,
        identity: values["identity-name"] ?? "",
        resourceGroup: values["resource-group"] ?? "",
      };
      const { value } = await read(`${identityId(place)}/federatedIdentityCredentials?api-version=2023-01-31`);
      const credentials = value as readonly { readonly name: string; readonly properties: object }[];
      return printed(
        credentials.map(({ name, properties }) => ({ name, ...(properties as Row) })),
        values,
      );
    }
    default:
      throw new Error(`'${positionals.join(" ")}' is not in the stand-in for az`);
  }
}

type Row = Readonly<Record<string, string>>;

/** Of `--query` the two forms that the seed has: one field of each, or some under their own names. */
function printed(
  rows: readonly Row[],
  { query, output }: { readonly query?: string; readonly output?: string },
): string {
  const fields =
    query === undefined ? Object.keys(rows[0] ?? {}) : [...query.matchAll(/(\w+)(?=[,}]|$)/g)].map(([word]) => word);
  const cells = rows.map((row) => fields.map((field) => row[field] ?? ""));
  return output === "tsv" ? cells.map((row) => row.join("\t")).join("\n") : table(fields, cells);
}

try {
  const text = await main(process.argv.slice(2));
  if (text !== "") process.stdout.write(`${text}\n`);
} catch (error) {
  process.stderr.write(`ERROR: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
