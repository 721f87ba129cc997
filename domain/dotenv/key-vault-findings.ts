import type { Variable } from "./files.ts";
import type { Finding } from "../finding.ts";
import { effectivePrefix, isKeyVaultName } from "../names.ts";

/** Whether Key Vault takes the name that a variable comes to, prefix included. */
export function keyVaultNameFindings(
  { name: variable, where }: Pick<Variable, "name" | "where">,
  name: string,
  secretPrefix: string | undefined,
): readonly Finding[] {
  const full = `${effectivePrefix(secretPrefix)}${name}`;
  if (isKeyVaultName(full)) return [];
  return [
    {
      code: "key-vault-name-invalid",
      stage: "key-vault",
      severity: "error",
      where,
      subject: variable,
      problem: `${variable} becomes "${full}" (${full.length} characters, prefix included), which cannot name a Key Vault secret`,
      fix: "shorten keyVault of this secret in environments/catalogue.yaml to 1 to 127 characters of a-z, 0-9 and -",
    },
  ];
}
