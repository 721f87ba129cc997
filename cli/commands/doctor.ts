import { command } from "../command.ts";
import { placeOptions } from "./options.ts";

export const doctor = command({
  name: "doctor",
  summary: "find the first failing stage of each secret: symptom, evidence, cause, fix",
  options: [
    ...placeOptions,
    {
      flags: "--prove",
      summary: "also read the values in Key Vault and Vault and compare them by keyed hash; prints none",
    },
    { flags: "--watch", summary: "repeat every 5 seconds until Ctrl-C; with --json one object per line" },
    { flags: "--bundle <file>", summary: "write everything that was seen, without values, to attach to a ticket" },
  ],
  examples: [
    "ameide-secrets doctor --stack dev",
    "ameide-secrets doctor --stack prod --bundle ticket.json",
    "ameide-secrets doctor --stack local --watch",
  ],
  async run(flags, { io, signal }) {
    const [{ openPlace }, { runDoctor }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/doctor.ts"),
    ]);
    const open = () => openPlace({ ...flags, readsValues: flags.prove === true });
    return runDoctor({ ...flags, open, signal }, io);
  },
});
