import { join } from "node:path";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import { errorsOf, formatFinding, type Finding } from "../../domain/finding.ts";
import type { ChainPlan } from "../../domain/plan/environment.ts";
import { planChain } from "../../domain/plan/plan-chain.ts";
import { UserError } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { readEnvFiles } from "../../environments/env-files.ts";
import { local } from "../../environments/local.ts";
import { localSettings } from "../../domain/plan/settings.ts";
import { parseSettings, readStackSettings } from "../../environments/stack-file.ts";
import { inspectToolchain, withDefaults, type ToolchainPaths, type ToolchainState } from "../toolchain/inspect.ts";
import { findBuilders } from "../toolchain/prerequisites.ts";
import { namespaceOf } from "../../domain/names.ts";

interface Fetch {
  readonly name: string;
  readonly how: string;
  readonly estimateInSeconds: number;
  readonly megabytes: number;
}

export interface OverviewOptions {
  readonly root: string;
  /** Dotenv files, relative to `root`. */
  readonly envFiles: readonly string[];
  /** Downloads in addition to the toolchain, such as the npm packages. @default - none */
  readonly alsoFetched?: readonly Fetch[];
  /** @default - this machine's */
  readonly toolchain?: Omit<ToolchainPaths, "recipesDir">;
}

/**
 * What `local up` is about to do: the findings in `.env`, the planned pipeline, and what must be downloaded or built,
 * with estimates. It only reads files, and of the npm packages it needs only dotenv, yaml and zod.
 *
 * @returns text for a terminal, without values.
 * @throws UserError with all errors in `.env`, settings and catalogue, or all missing tools for the builds.
 */
export async function overview({ root, envFiles, alsoFetched = [], toolchain }: OverviewOptions): Promise<string> {
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

/** For show.mjs, which bundles this module before the packages are installed. @returns the exit code. */
export async function printOverview(options: OverviewOptions): Promise<number> {
  try {
    process.stderr.write(`${await overview(options)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`ameide-secrets: ${error.message}\n`);
    return error.findings.length > 0 ? 1 : 2; // the command line's own codes: a finding, could not run
  }
}

/** Secrets without a value are only counted. */
function formatPlan(plan: ChainPlan, withValue: ReadonlySet<string>): string {
  const carried = plan.secrets.filter(({ name }) => withValue.has(name));
  const rows = carried.map(({ name, variable = "-", keyVaultName = "-", vaultPath }) => [
    variable,
    keyVaultName,
    vaultPath,
    targetsOf(plan, name).join(", ") || "-",
  ]);
  const without = plan.secrets.filter(({ name, authority }) => authority === "external" && !withValue.has(name));
  const generated = plan.secrets.filter(({ authority }) => authority === "generated");
  return [
    "what it will deliver:",
    ...columns([[".env", "Key Vault", "Vault", "Kubernetes Secrets"], ...rows]).map((line) => `  ${line}`),
    ...(without.length === 0 ? [] : [`  and ${without.length} more that have no value in .env yet`]),
    ...(generated.length === 0
      ? []
      : [`  and ${generated.length} that vault-bootstrap generates if they do not exist`]),
  ].join("\n");
}

function targetsOf({ deliveries }: ChainPlan, secret: string): readonly string[] {
  return deliveries
    .filter(({ keys }) => keys.some((key) => key.secret === secret))
    .map(({ namespace, target }) => `${namespace}/${target}`);
}

/** Rows must have the same length. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function formatToolchain(state: ToolchainState, alsoFetched: readonly Fetch[]): string {
  const present = state.pieces.filter(({ found }) => found !== "missing");
  const toGet: readonly Fetch[] = [
    ...alsoFetched,
    ...state.missing.map(({ piece, version, estimateInSeconds }) => ({
      name: `${piece.name} ${version}`,
      how: piece.recipe.kind === "go" ? "go build" : "pip download",
      estimateInSeconds,
      megabytes: piece.estimate.megabytes,
    })),
  ];
  const refused = state.pieces.flatMap((piece) => piece.refused);
  return [
    ...(present.length === 0
      ? []
      : [
          `installed: ${present.map(({ piece, version, found }) => `${piece.name} ${version} (${found === "path" ? "on PATH" : "in the cache"})`).join(", ")}`,
        ]),
    ...refused.map(
      ({ path, version, wants }) => `not used: ${path} has version ${version ?? "unknown"}, expected ${wants}`,
    ),
    ...(toGet.length === 0 ? ["nothing to download or build"] : listOf(toGet, state.cacheDir)),
  ].join("\n");
}

function listOf(toGet: readonly Fetch[], cacheDir: string): readonly string[] {
  const rows = toGet.map(({ name, how, estimateInSeconds, megabytes }) => [
    name,
    how,
    `about ${formatDuration(estimateInSeconds)}`,
    `${megabytes} MB`,
  ]);
  const total = toGet.reduce((sum, { estimateInSeconds }) => sum + estimateInSeconds, 0);
  return [
    `to download or build once, about ${formatDuration(total)} (kept in ${cacheDir}):`,
    ...columns(rows).map((line) => `  ${line}`),
  ];
}

function formatDuration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
