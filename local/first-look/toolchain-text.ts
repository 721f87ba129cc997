import type { ToolchainState } from "../toolchain/inspect.ts";
import { columns } from "./columns.ts";

/** Something that will be got. */
export interface Fetch {
  readonly name: string;
  /** Such as `npm ci`. */
  readonly how: string;
  readonly estimateInSeconds: number;
  readonly megabytes: number;
}

/** What is there, and what must be got: how, for how long, how large. */
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
          `what is there: ${present.map(({ piece, version, found }) => `${piece.name} ${version} (${placeOf(found)})`).join(", ")}`,
        ]),
    ...refused.map(
      ({ path, version, wants }) => `not used: ${path} is ${version ?? "of no version it tells"}, ${wants} is wanted`,
    ),
    ...(toGet.length === 0 ? ["nothing has to be fetched or built"] : listOf(toGet, state.cacheDir)),
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
    `what will be got, about ${formatDuration(total)} in all, once (kept in ${cacheDir}):`,
    ...columns(rows).map((line) => `  ${line}`),
  ];
}

function placeOf(found: "path" | "cache" | "missing"): string {
  return found === "path" ? "on PATH" : "in the cache";
}

function formatDuration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
