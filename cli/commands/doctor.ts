import type { Command } from "../command.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";

interface Flags extends PlaceFlags {
  readonly watch?: boolean;
  readonly bundle?: string;
  readonly prove?: boolean;
}

export const doctor: Command<Flags> = {
  name: "doctor",
  summary: "look at every stage, and name for each secret its first broken one: symptom, evidence, cause, fix",
  options: [
    ...placeOptions,
    {
      flags: "--prove",
      summary: "read the values in Key Vault and Vault as well, and compare them by keyed hash; shows none",
    },
    { flags: "--watch", summary: "look again every 5 seconds until Ctrl-C; with --json one object a line" },
    { flags: "--bundle <file>", summary: "write what was seen and found, without any value, to attach to a ticket" },
  ],
  examples: [
    "ameide-secrets doctor --stack dev",
    "ameide-secrets doctor --stack prod --bundle ticket.json",
    "ameide-secrets doctor --stack local --watch",
  ],
  async run(flags, io, _args, signal) {
    const [{ openPlace }, { runDoctor }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/doctor.ts"),
    ]);
    const { prove = false, watch = false, json = false, bundle } = flags;
    const open = () => openPlace({ ...flags, readsValues: prove });
    return runDoctor({ open, prove, watch, json, signal, ...(bundle === undefined ? {} : { bundle }) }, io);
  },
};
