import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";
import { yesOption } from "./stack-options.ts";

interface Flags extends PlaceFlags {
  readonly rollback?: boolean;
  readonly yes?: boolean;
}

export const rotate: Command<Flags> = {
  name: "rotate",
  summary:
    "write a new value once and follow it hop by hop, until every consumer's Secret holds it; value from standard input",
  arguments: [{ name: "<name>", summary: "of the catalogue, such as ghcr-token" }],
  options: [
    ...placeOptions,
    { flags: "--rollback", summary: "carry Key Vault's former version along all hops instead" },
    yesOption,
  ],
  examples: [
    "ameide-secrets rotate ghcr-token --stack local < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --yes < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --rollback --yes",
  ],
  async run(flags, io, [name = ""], signal) {
    const [{ openPlace, requireYes }, { rotateValue }] = await Promise.all([
      import("../access/place.ts"),
      import("../deploy/rotate.ts"),
    ]);
    const place = await openPlace({ ...flags, readsValues: true });
    try {
      requireYes(place, flags.yes, `rotate ${name}`);
      const report = await rotateValue(place, flags, name, {
        rollback: flags.rollback === true,
        signal,
        onWarning: (text) => io.err(text),
        onStep: (step) => io.err(`${step}: holds the new value`),
      });
      if (flags.json === true) io.out(JSON.stringify(report, undefined, 2));
      else {
        io.out(
          table(
            ["HOP", "AT"],
            report.reached.map(({ step, at }) => [step, at]),
          ),
        );
        for (const workload of report.restarts) io.out(`restart it: ${workload}`);
        if (report.stuckAt !== undefined)
          io.out(
            `stuck at ${report.stuckAt.step}: ${report.stuckAt.waitingFor.join(", ")}\n  fix: ameide-secrets doctor --stack ${flags.stack}`,
          );
      }
      return report.stuckAt === undefined ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
