import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";

interface Flags extends PlaceFlags {
  readonly due?: boolean;
}

export const rotation: Command<Flags> = {
  name: "rotation",
  summary: "list the age of each value in Key Vault and when it expires, soonest first",
  options: [
    ...placeOptions,
    { flags: "--due", summary: "only values that have expired; exit code 1 if there are any" },
  ],
  examples: ["ameide-secrets rotation --stack dev", "ameide-secrets rotation --due --stack prod"],
  async run(flags, io) {
    const [{ openPlace }, { observe }, { rotationAges }, { UserError }] = await Promise.all([
      import("../operate/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/rotation-ages.ts"),
      import("../../domain/user-error.ts"),
    ]);
    const place = await openPlace(flags);
    try {
      const snapshot = await observe(place.stack, place.access);
      if (!snapshot.keyVault.ok) {
        const { asked, message } = snapshot.keyVault.failure;
        const fix = `ameide-secrets doctor --stack ${flags.stack}`;
        throw UserError.of("azure-not-readable", `could not ${asked}: ${message}`, fix);
      }
      const ages = rotationAges(snapshot, place.stack).filter(({ due }) => flags.due !== true || due);
      if (flags.json === true) io.out(JSON.stringify(ages, undefined, 2));
      else if (ages.length === 0) io.out(flags.due === true ? "nothing has expired" : "Key Vault holds none");
      else {
        io.out(
          table(
            ["SECRET", "DAYS", "EVERY", "EXPIRES", "DUE", "OWNER"],
            ages.map(({ name, ageInDays, rotateEveryInDays, expiresAt, due, owner }) => [
              name,
              String(ageInDays),
              String(rotateEveryInDays ?? "-"),
              expiresAt?.slice(0, 10) ?? "-",
              due ? "yes" : "no",
              owner ?? "-",
            ]),
          ),
        );
        const [first] = ages;
        if (first?.due === true)
          io.out(
            `  fix: ameide-secrets rotate ${first.name} --stack ${flags.stack}${place.isShared ? " --yes" : ""} < new-value`,
          );
      }
      return flags.due === true && ages.length > 0 ? ExitCode.finding : ExitCode.ok;
    } finally {
      await place.close();
    }
  },
};
