import { setTimeout as sleep } from "node:timers/promises";
import { writeFileSync } from "node:fs";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";

interface Flags extends PlaceFlags {
  readonly watch?: boolean;
  readonly bundle?: string;
  readonly prove?: boolean;
}

/** Between two looks of `--watch`. */
const watchPauseInSeconds = 5;

export const doctor: Command<Flags> = {
  name: "doctor",
  summary: "look at every stage, and name for each secret its first broken one: symptom, evidence, cause, fix",
  options: [
    ...placeOptions,
    {
      flags: "--prove",
      summary: "read the values in Key Vault and Vault as well, and compare them by keyed hash; shows none",
    },
    { flags: "--watch", summary: "look again every 5 seconds until Ctrl-C" },
    { flags: "--bundle <file>", summary: "write what was seen and found, without any value, to attach to a ticket" },
  ],
  examples: [
    "ameide-secrets doctor --stack dev",
    "ameide-secrets doctor --stack prod --bundle ticket.json",
    "ameide-secrets doctor --stack local --watch",
  ],
  async run(flags, io, _args, signal) {
    const [{ openPlace }, { observe }, { explain }, { formatDiagnosis }] = await Promise.all([
      import("../access/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/explain.ts"),
      import("../deploy/diagnosis-words.ts"),
    ]);
    const prove = flags.prove === true;
    const place = await openPlace({ ...flags, readsValues: prove });
    try {
      for (;;) {
        const snapshot = await observe(place.stack, place.access, { compareValues: prove });
        const diagnosis = explain(snapshot, place.stack);
        io.out(flags.json === true ? JSON.stringify(diagnosis, undefined, 2) : formatDiagnosis(diagnosis, snapshot));
        if (flags.bundle !== undefined) {
          writeFileSync(flags.bundle, `${JSON.stringify({ diagnosis, snapshot }, undefined, 2)}\n`, { mode: 0o600 });
          io.err(`written to ${flags.bundle}`);
        }
        const broken = diagnosis.causes.some(({ severity }) => severity === "error");
        if (flags.watch !== true) return broken ? ExitCode.finding : ExitCode.ok;
        await sleep(watchPauseInSeconds * 1000, undefined, { signal });
      }
    } finally {
      await place.close();
    }
  },
};
