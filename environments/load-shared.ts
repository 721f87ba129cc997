import type { AzurePlace, FederatedSubject, SharedStack, Strictness } from "../domain/plan/environment.ts";
import { checkAdopted } from "../domain/resources/adoption.ts";
import { compileDotenv } from "../domain/dotenv/dotenv.ts";
import { errorsOf } from "../domain/finding.ts";
import { keyVaultName } from "../domain/names.ts";
import type { EnvironmentName } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { publicAzure } from "./azure-place.ts";
import { readEnvFiles } from "./env-files.ts";
import type { LoadContext } from "./load-context.ts";
import { shared } from "./shared.ts";
import type { SettingsOf } from "./stack-settings.ts";

/** The stack that all environments have in common. */
export function loadShared({ shared: settings, claims }: SettingsOf<"shared">, context: LoadContext): SharedStack {
  const part = sharedPart(context, {
    environment: "shared",
    azure: publicAzure(settings.azure),
    strictness: shared,
    secretPrefix: settings.secretPrefix,
    federatedSubjects: claims.map(({ federated }) => federated),
  });
  const adopting = { ...part, adopt: settings.adopt };
  const errors = checkAdopted(adopting, "shared");
  if (errors.length > 0) throw UserError.from(errors);
  return adopting;
}

interface SharedPlace {
  readonly environment: EnvironmentName | "shared";
  readonly azure: AzurePlace;
  readonly strictness: Pick<Strictness, "values" | "protect">;
  readonly secretPrefix: string | undefined;
  readonly federatedSubjects: readonly FederatedSubject[];
}

/**
 * Vault, secrets and identity, whichever stack holds them. Values are read in `state` mode only: in `data-plane` mode
 * `ameide-secrets env push` reads them, and the program has no need to know one.
 *
 * @throws UserError with every error in the `.env` files.
 */
export function sharedPart({ root, envFiles, catalogue }: LoadContext, place: SharedPlace): SharedStack {
  const { environment, azure, strictness, secretPrefix } = place;
  const files = strictness.values === "state" ? readEnvFiles(root, envFiles) : [];
  const { values, findings } = compileDotenv({ files, catalogue, environment, secretPrefix });
  const errors = errorsOf(findings);
  if (errors.length > 0) throw UserError.from(errors);
  const named = [...values].map(([name, value]) => {
    const secret = catalogue.secrets[name];
    const own = secret?.authority === "external" ? secret.keyVault : undefined;
    return [keyVaultName(own ?? name, secretPrefix), value] as const;
  });
  return {
    kind: "shared",
    ...(secretPrefix === undefined ? {} : { secretPrefix }),
    azure,
    ...strictness,
    keyVaultSecrets: new Map(named),
    federatedSubjects: place.federatedSubjects,
    findings,
  };
}
