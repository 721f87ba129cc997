import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";
import { dotenvOption } from "./stack-options.ts";

interface Flags extends PlaceFlags {
  readonly dotenv?: readonly string[];
}

export const lineage: Command<Flags> = {
  name: "lineage",
  summary: "follow one secret hop by hop: versions, times, writers, and the first hop that differs; never a value",
  arguments: [{ name: "<name>", summary: "of the catalogue, such as ghcr-token" }],
  options: [...placeOptions, { ...dotenvOption, summary: "begin at this .env; may be given several times" }],
  examples: [
    "ameide-secrets lineage ghcr-token --stack dev",
    "ameide-secrets lineage ghcr-token --stack local --dotenv .env.example",
  ],
  async run(flags, io, [name = ""]) {
    const { lineage: follow } = await import("../../diagnose/lineage.ts");
    const { formatLineage } = await import("../operate/lineage-words.ts");
    const { stack, snapshot } = await compared(flags);
    const line = follow(snapshot, stack, name);
    io.out(flags.json === true ? JSON.stringify(line, undefined, 2) : formatLineage(line));
    return line.firstDifference === undefined && line.unproven.length === 0 ? ExitCode.ok : ExitCode.finding;
  },
};

export const drift: Command<Flags> = {
  name: "drift",
  summary: "every secret whose hops do not all hold the same, or could not all be read, by keyed hash",
  options: [...placeOptions, { ...dotenvOption, summary: "begin at this .env; may be given several times" }],
  examples: ["ameide-secrets drift --stack prod", "ameide-secrets drift --stack dev --json"],
  async run(flags, io) {
    const { drift: find } = await import("../../diagnose/lineage.ts");
    const { formatDrift } = await import("../operate/lineage-words.ts");
    const { stack, snapshot } = await compared(flags);
    const lines = find(snapshot, stack);
    io.out(flags.json === true ? JSON.stringify(lines, undefined, 2) : formatDrift(lines, stack.name));
    return lines.length === 0 ? ExitCode.ok : ExitCode.finding;
  },
};

/** A snapshot that compared values. */
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
  const { readValues } = await import("../operate/values-at-hand.ts");
  return readValues(stack === "local" ? "local" : "shared", files);
}
