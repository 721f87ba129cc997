import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
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
    const [{ openPlace, requireYes }, { rotateValue }, { formatRotation, rotationWords }] = await Promise.all([
      import("../access/place.ts"),
      import("../deploy/rotate.ts"),
      import("../deploy/rotation-words.ts"),
    ]);
    const place = await openPlace({ ...flags, readsValues: true });
    try {
      requireYes(place, flags.yes, `rotate ${name}`);
      const report = await rotateValue(place, flags, name, {
        rollback: flags.rollback === true,
        signal,
        onWarning: (text) => io.err(text),
        onAct: (step) => io.err(`      ${rotationWords[step].doing} ...`),
        onProgress: (text) => io.err(`      ${text}`),
        onStep: (step) => io.err(`ok    ${rotationWords[step].done}`),
      });
      io.out(flags.json === true ? JSON.stringify(report, undefined, 2) : formatRotation(report, place.stack));
      return report.stuckAt === undefined ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
