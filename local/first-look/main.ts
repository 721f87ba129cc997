import { join } from "node:path";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { errorsOf, formatFinding, type Finding } from "../../domain/finding.ts";
import { planChain } from "../../domain/plan/plan-chain.ts";
import { UserError } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { readEnvFiles } from "../../environments/env-files.ts";
import { local } from "../../environments/local.ts";
import { localSettings } from "../../domain/plan/settings.ts";
import { parseSettings, readStackSettings } from "../../environments/stack-file.ts";
import { inspectToolchain, withDefaults, type ToolchainPlaces } from "../toolchain/inspect.ts";
import { findBuilders } from "../toolchain/prerequisites.ts";
import { formatPlan, formatToolchain, type Fetch } from "./format.ts";
import { namespaceOf } from "../../domain/names.ts";

export interface FirstLookOptions {
  /** The repository. */
  readonly root: string;
  /** Files of `.env` form, relative to `root`. */
  readonly envFiles: readonly string[];
  /** What is downloaded in addition to the toolchain, such as the npm packages. @default - nothing */
  readonly alsoFetched?: readonly Fetch[];
  /** @default - this machine's */
  readonly toolchain?: Omit<ToolchainPlaces, "recipesDir">;
}

/**
 * What `local up` is about to do, printed before it does anything: the findings in `.env`, the planned pipeline, and
 * what must be fetched or built, with an estimate each. Reads files and nothing else, so that it can be shown before
 * the packages are installed: of those it needs dotenv, yaml and zod alone.
 *
 * @returns text for a terminal, without a value in it.
 * @throws UserError with every error in `.env`, settings and catalogue; or with every tool that is missing for what
 *   must be built.
 */
export async function firstLook({ root, envFiles, alsoFetched = [], toolchain }: FirstLookOptions): Promise<string> {
  const catalogue = readCatalogue(join(root, "environments", "catalogue.yaml"));
  const mistakes: Finding[] = [];
  const settings = parseSettings(localSettings, readStackSettings("local", root), "local", root, mistakes);
  if (settings === undefined) throw UserError.from(mistakes);

  const files = readEnvFiles(root, envFiles);
  const { secretPrefix } = settings;
  const dotenv = compileDotenv({ files, catalogue, environment: "local", secretPrefix });
  const errors = errorsOf(dotenv.findings);
  if (errors.length > 0) throw UserError.from(errors);

  const plan = planChain(catalogue, {
    environment: "local",
    namespace: namespaceOf("local"),
    secretPrefix,
    additionalNamespaces: settings.additionalNamespaces,
    registryAdditionalNamespaces: settings.registry.additionalNamespaces,
    refreshIntervalInSeconds: local.refreshIntervalInSeconds,
  });
  const places = withDefaults({ ...toolchain, recipesDir: join(root, "local", "toolchain") });
  const state = await inspectToolchain(places);
  await findBuilders(state.missing, places);

  const names = files.map(({ path }) => path).join(", ");
  return [
    `${names}: ${dotenv.values.size} values, ${dotenv.kept.length} secrets without a value here are kept`,
    ...dotenv.findings.map(formatFinding),
    "",
    formatPlan(plan, new Set(dotenv.values.keys())),
    "",
    formatToolchain(state, alsoFetched),
  ].join("\n");
}

/**
 * Prints the first look for start.mjs, which bundles this module before the packages are installed.
 *
 * @returns the exit code.
 */
export async function printFirstLook(options: FirstLookOptions): Promise<number> {
  try {
    process.stderr.write(`${await firstLook(options)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`ameide-secrets: ${error.message}\n`);
    return error.findings.length > 0 ? 1 : 2; // the command line's own codes: a finding, could not run
  }
}
