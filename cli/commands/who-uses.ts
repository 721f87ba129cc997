import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";

export const whoUses: Command<PlaceFlags> = {
  name: "who-uses",
  summary: "everything that reads one secret, and what must happen for it to see a new value",
  arguments: [{ name: "<name>", summary: "of the catalogue, such as ghcr-token" }],
  options: placeOptions,
  examples: ["ameide-secrets who-uses ghcr-token --stack prod"],
  async run(flags, io, [name = ""]) {
    const [{ openPlace }, { observe }, library, { formatUses }] = await Promise.all([
      import("../operate/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/who-uses.ts"),
      import("../operate/diagnosis-words.ts"),
    ]);
    const place = await openPlace(flags);
    try {
      const uses = library.whoUses(await observe(place.stack, place.access), place.stack, name);
      io.out(flags.json === true ? JSON.stringify(uses, undefined, 2) : formatUses(name, uses));
      return uses.unseen.length === 0 ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
