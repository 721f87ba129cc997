import type { ChainPlan } from "../../domain/plan/environment.ts";
import type { ToolchainState } from "../toolchain/inspect.ts";

/** The path of each secret that has a value, step by step; the others as a number. */
export function formatPlan(plan: ChainPlan, withValue: ReadonlySet<string>): string {
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

/** Rows as lines, every column as wide as its widest cell. Rows are of one length. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Something that will be downloaded or built. */
export interface Fetch {
  readonly name: string;
  /** Such as `npm ci`. */
  readonly how: string;
  readonly estimateInSeconds: number;
  readonly megabytes: number;
}

/** What is installed, and what must be downloaded or built: how, for how long, how large. */
export function formatToolchain(state: ToolchainState, alsoFetched: readonly Fetch[]): string {
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
