import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";

export const guard: Command<PlaceFlags> = {
  name: "guard",
  summary: "list the live objects that admission would refuse; run it before you set admission to deny",
  options: placeOptions,
  examples: ["ameide-secrets guard --stack staging", "ameide-secrets guard --stack prod --json"],
  async run(flags, io) {
    const [{ openPlace }, { formatGuardScan, guardScan }, { formatFinding }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/guard-scan.ts"),
      import("../../domain/finding.ts"),
    ]);
    const place = await openPlace(flags);
    try {
      const scan = await guardScan(place.cluster, place.stack);
      io.out(flags.json === true ? JSON.stringify(scan, undefined, 2) : formatGuardScan(scan, formatFinding));
      return scan.wouldBreak.length === 0 ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
