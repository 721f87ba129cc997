import { compileDotenv, type CompiledDotenv } from "../../../domain/dotenv/dotenv.ts";
import type { DotenvFile } from "../../../domain/dotenv/files.ts";
import type { EnvironmentName } from "../../../domain/stage.ts";
import { catalogueOf } from "../../support/catalogues.ts";

export const catalogue = catalogueOf({
  secrets: {
    "ghcr-token": { authority: "external", env: "GHCR_TOKEN", aliases: ["ghcr-pull-secret"], minLengthInCharacters: 4 },
    "ghcr-username": { authority: "external", env: "GHCR_USERNAME" },
    "dev-only": { authority: "external", env: "DEV_ONLY", environments: ["dev"] },
    "auth-secret": { authority: "generated" },
    "own-name": {
      authority: "external",
      env: "OWN_VARIABLE",
      keyVault: "own-key-vault-name",
      environments: ["staging"],
    },
  },
  clusterManaged: [
    { name: "postgres-ameide-auth", authority: "cnpg", see: "412" },
    { pattern: "*-db-credentials", authority: "cnpg", see: "412" },
  ],
  deliveries: {
    "ghcr-pull": {
      type: "kubernetes.io/dockerconfigjson",
      registry: "ghcr.io",
      username: "ghcr-username",
      password: "ghcr-token",
    },
  },
  settings: ["PORT", "NEXT_PUBLIC_*"],
  retired: { "env-*": { since: "2025-12-05", use: "*" }, "azure-auth": { since: "2025-12-05" } },
});

interface Options {
  readonly environment?: EnvironmentName | "shared";
  readonly secretPrefix?: string | undefined;
}

/** Of files as they are read, in order; a later one wins. */
export function compileFiles(
  files: readonly DotenvFile[],
  { environment = "dev", secretPrefix }: Options = {},
): CompiledDotenv {
  return compileDotenv({ files, catalogue, environment, secretPrefix });
}

/** Of one `.env` with this text. */
export function compile(text: string, options?: Options): CompiledDotenv {
  return compileFiles([{ path: ".env", text, tracked: false, mode: 0o600 }], options);
}

/** `severity code where: problem` of each finding. */
export function reported({ findings }: CompiledDotenv): readonly string[] {
  return findings.map(({ severity, code, where = "", problem }) => `${severity} ${code} ${where}: ${problem}`);
}
