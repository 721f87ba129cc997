import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";
import { yesOption } from "./stack-options.ts";

interface Flags extends PlaceFlags {
  readonly rollback?: boolean;
  readonly fromSource?: boolean;
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
    {
      flags: "--from-source",
      summary: "follow the value that Key Vault holds by now, as env push or its owner wrote it; write none",
    },
    yesOption,
  ],
  examples: [
    "ameide-secrets rotate ghcr-token --stack local < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --yes < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --yes",
    "ameide-secrets rotate ghcr-token --stack prod --rollback --yes",
  ],
  async run(flags, io, [name = ""], signal) {
    const [{ openPlace, requireYes }, { rotateValue }, { formatRotation, rotationWords }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/rotate.ts"),
      import("../operate/rotation-words.ts"),
    ]);
    const { rollback = false, fromSource = false } = flags;
    if (rollback && fromSource) {
      const { UserError } = await import("../../domain/user-error.ts");
      throw UserError.of("usage", "--rollback and --from-source are two different values", "give one of them");
    }
    const from = rollback ? "former" : fromSource ? "source" : "input";
    const place = await openPlace({ ...flags, readsValues: true });
    try {
      const mode = rollback ? " --rollback" : fromSource ? " --from-source" : "";
      requireYes(place, flags.yes, `rotate ${name}${mode}`);
      const report = await rotateValue(place, flags, name, {
        from,
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
