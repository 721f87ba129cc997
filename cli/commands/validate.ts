import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";

interface Flags extends PlaceFlags {
  readonly prove?: boolean;
}

export const validate: Command<Flags> = {
  name: "validate",
  summary:
    "the five checks of the platform's document: Key Vault, federated credentials, Vault, ExternalSecrets, Secrets",
  options: [
    ...placeOptions,
    { flags: "--prove", summary: "compare Vault's values with the source's by keyed hash; reads values, shows none" },
  ],
  examples: ["ameide-secrets validate --stack dev", "ameide-secrets validate --stack prod --prove --json"],
  async run(flags, io) {
    const [{ openPlace }, { observe }, library, { formatValidation }] = await Promise.all([
      import("../operate/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/validate.ts"),
      import("../operate/diagnosis-words.ts"),
    ]);
    const prove = flags.prove === true;
    const place = await openPlace({ ...flags, readsValues: prove });
    try {
      const snapshot = await observe(place.stack, place.access, { compareValues: prove });
      const validation = library.validate(snapshot, place.stack, { prove });
      io.out(flags.json === true ? JSON.stringify(validation, undefined, 2) : formatValidation(validation));
      return validation.ok ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
