import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { externalSecretsOf, lifetimeInDays } from "../../domain/catalogue/catalogue.ts";
import { byKeyVaultName, keyVaultName } from "../../domain/plan/plan-chain.ts";
import { unprefixedKeyVaultName } from "../../domain/names.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { throwErrors } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { readEnvFiles } from "../../environments/env-files.ts";
import { repositoryRoot, readStackSettings } from "../../environments/index.ts";

export type Owner = "shared" | "local";

/** Checks `.env` files by the catalogue. @param files - @default - `.env` and `.env.local`, if they exist */
export function compileValues(stack: Owner, files?: readonly string[]): ReturnType<typeof compileDotenv> {
  return compileDotenv({
    files: readEnvFiles(repositoryRoot, files),
    catalogue: readCatalogue(),
    environment: stack,
    secretPrefix: prefixOf(stack),
  });
}

/** The same values by Key Vault name. @throws UserError with every error in the files */
export function readValues(stack: Owner, files?: readonly string[]): ReadonlyMap<string, Redacted> {
  const { values, findings } = compileValues(stack, files);
  throwErrors(findings);
  return byKeyVaultName(values, readCatalogue(), prefixOf(stack));
}

/** Every Key Vault name of a stack, with the days after which its value expires. */
export function lifetimesOf(stack: Owner): ReadonlyMap<string, number | undefined> {
  const prefix = prefixOf(stack);
  return new Map(
    [...externalSecretsOf(readCatalogue(), stack)].map(([name, secret]) => [
      keyVaultName(unprefixedKeyVaultName(name, secret), prefix),
      lifetimeInDays(secret),
    ]),
  );
}

/** `secretPrefix` of the stack that owns Key Vault; left out means `env-`, which is not the same as `""`. */
export function prefixOf(stack: Owner): string | undefined {
  return (readStackSettings(stack, repositoryRoot) as { readonly secretPrefix?: string }).secretPrefix;
}
