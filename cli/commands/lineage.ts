import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags, dotenvOption } from "./options.ts";
import type { Lineage } from "../../diagnose/lineage.ts";
import { table } from "../table.ts";

interface Flags extends PlaceFlags {
  readonly dotenv?: readonly string[];
}

export const lineage: Command<Flags> = {
  name: "lineage",
  summary:
    "follow one secret through the pipeline: versions, times, writers, and the first difference; prints no value",
  arguments: [{ name: "<name>", summary: "secret of the catalogue, such as ghcr-token" }],
  options: [...placeOptions, { ...dotenvOption, summary: "also compare with this .env; can be repeated" }],
  examples: [
    "ameide-secrets lineage ghcr-token --stack dev",
    "ameide-secrets lineage ghcr-token --stack local --dotenv .env.example",
  ],
  async run(flags, io, [name = ""]) {
    const { lineage: follow } = await import("../../diagnose/lineage.ts");
    const { stack, snapshot } = await compared(flags);
    const line = follow(snapshot, stack, name);
    io.out(flags.json === true ? JSON.stringify(line, undefined, 2) : formatLineage(line));
    return line.firstDifference === undefined && line.unproven.length === 0 ? ExitCode.ok : ExitCode.finding;
  },
};

export const drift: Command<Flags> = {
  name: "drift",
  summary: "list secrets that differ between two steps or could not be read; compares by keyed hash",
  options: [...placeOptions, { ...dotenvOption, summary: "also compare with this .env; can be repeated" }],
  examples: ["ameide-secrets drift --stack prod", "ameide-secrets drift --stack dev --json"],
  async run(flags, io) {
    const { drift: find } = await import("../../diagnose/lineage.ts");
    const { stack, snapshot } = await compared(flags);
    const lines = find(snapshot, stack);
    io.out(flags.json === true ? JSON.stringify(lines, undefined, 2) : formatDrift(lines, stack.name));
    return lines.length === 0 ? ExitCode.ok : ExitCode.finding;
  },
};

/** A snapshot with compared values. */
async function compared(flags: Flags) {
  const [{ openPlace }, { observe }] = await Promise.all([
    import("../operate/place.ts"),
    import("../../diagnose/observe/observe.ts"),
  ]);
  const place = await openPlace({ ...flags, readsValues: true });
  try {
    const dotenv = flags.dotenv === undefined ? {} : { dotenv: await valuesAtHand(flags.stack, flags.dotenv) };
    return {
      stack: place.stack,
      snapshot: await observe(place.stack, place.access, { compareValues: true, ...dotenv }),
    };
  } finally {
    await place.close();
  }
}

async function valuesAtHand(stack: string, files: readonly string[]) {
  const { readValues } = await import("../operate/read-values.ts");
  return readValues(stack === "local" ? "local" : "shared", files);
}

/** What `lineage` prints: one step per line, `=` if it has the same value as the step before; then the result and the fix. */
export function formatLineage({ name, hops, firstDifference, fix, unproven }: Lineage): string {
  const rows = hops.map(({ stage, place, state, version, changedAt, writer, sameAsBefore, note }) => [
    sameAsBefore === undefined ? " " : sameAsBefore ? "=" : "≠",
    stage,
    place,
    state,
    version ?? "-",
    changedAt ?? "-",
    writer ?? note ?? "-",
  ]);
  const lines = table(["", "STAGE", "PLACE", "STATE", "VERSION", "CHANGED", "BY"], rows);
  const same = unproven.length === 0 ? ["every step has the same value"] : [];
  return [
    name,
    lines,
    ...(firstDifference === undefined ? same : [`first difference: ${firstDifference}`]),
    ...unproven.map((place) => `not compared: ${place}`),
    ...(fix === undefined ? [] : [`  fix: ${fix}`]),
  ].join("\n");
}

/**
 * What `drift` prints: each secret that differs, then those that could not be compared, by reason. It prints "nothing"
 * only if every secret was compared.
 *
 * @param stack - for the fix.
 */
export function formatDrift(lines: readonly Lineage[], stack: string): string {
  if (lines.length === 0) return "no secret differs";
  const differing = lines.filter(({ firstDifference }) => firstDifference !== undefined);
  const unproven = lines.filter(({ firstDifference }) => firstDifference === undefined);
  const reasons = new Set(unproven.flatMap(({ unproven: places }) => places.map(reasonOf)));
  return [
    ...differing.map(formatLineage),
    ...(unproven.length === 0
      ? []
      : [
          [
            `${differing.length === 0 ? "no secret is known to differ, but " : ""}${unproven.length} could not be compared: ${cut(unproven)}`,
            ...[...reasons].map((reason) => `  ${reason}`),
            `  fix: ameide-secrets doctor --prove --stack ${stack}`,
          ].join("\n"),
        ]),
  ].join("\n\n");
}

const namesShown = 6;

function cut(lines: readonly Lineage[]): string {
  const names = lines.map(({ name }) => name);
  const rest = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `Key Vault ameidekv/ghcr-token: why` -> `Key Vault: why`, so that equal reasons are printed once. */
function reasonOf(place: string): string {
  return place.replace(/^(\.env|Key Vault|Vault|Secret) .*?: /, "$1: ");
}
