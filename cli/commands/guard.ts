import { command } from "../command.ts";
import { placeOptions, withPlace } from "./options.ts";

export const guard = command({
  name: "guard",
  summary: "list the live objects that admission would refuse; run it before you set admission to deny",
  options: placeOptions,
  examples: ["ameide-secrets guard --stack staging", "ameide-secrets guard --stack prod --json"],
  async run(flags) {
    const { formatGuardScan, guardScan } = await import("../operate/guard-scan.ts");
    const scan = await withPlace(flags, ({ cluster, stack }) => guardScan(cluster, stack));
    return { json: scan, text: formatGuardScan(scan), ok: scan.wouldBreak.length === 0 };
  },
});
