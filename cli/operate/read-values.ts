import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { externalSecretsOf, lifetimeInDays } from "../../domain/catalogue/catalogue.ts";
import { byKeyVaultName, keyVaultName } from "../../domain/plan/plan-chain.ts";
import { unprefixedKeyVaultName } from "../../domain/names.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { throwErrors } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { readEnvFiles } from "../../environments/env-files.ts";
import { repositoryRoot, readStackSettings } from "../../environments/index.ts";

/**
 * The values of `.env` files by Key Vault name.
 *
 * @param files - @default - `.env` and `.env.local`, as far as they are there
 * @throws UserError with every error in them.
 */
export function readValues(stack: "shared" | "local", files?: readonly string[]): ReadonlyMap<string, Redacted> {
  const catalogue = readCatalogue();
  const secretPrefix = prefixOf(stack);
  const { values, findings } = compileDotenv({
    files: readEnvFiles(repositoryRoot, files),
    catalogue,
    environment: stack,
    secretPrefix,
  });
  throwErrors(findings);
  return byKeyVaultName(values, catalogue, secretPrefix);
}

/** Key Vault names of the secrets of a stack that have no value here. */
export function keptNames(stack: "shared" | "local", values: ReadonlyMap<string, Redacted>): readonly string[] {
  const prefix = prefixOf(stack);
  return [...externalSecretsOf(readCatalogue(), stack)]
    .map(([name, secret]) => keyVaultName(unprefixedKeyVaultName(name, secret), prefix))
    .filter((name) => !values.has(name))
    .toSorted();
}

/** Key Vault names of the secrets with `rotateEvery` in a stack, with its days. */
export function lifetimesOf(stack: "shared" | "local"): ReadonlyMap<string, number> {
  const prefix = prefixOf(stack);
  return new Map(
    [...externalSecretsOf(readCatalogue(), stack)].flatMap(([name, secret]) => {
      const lifetime = lifetimeInDays(secret);
      return lifetime === undefined
        ? []
        : [[keyVaultName(unprefixedKeyVaultName(name, secret), prefix), lifetime] as const];
    }),
  );
}

/** `secretPrefix` of the stack that owns Key Vault; left out means `env-`, which is not the same as `""`. */
export function prefixOf(stack: "shared" | "local"): string | undefined {
  return (readStackSettings(stack, repositoryRoot) as { readonly secretPrefix?: string }).secretPrefix;
}
