import { UserError } from "../../domain/user-error.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { observed, placeOptions } from "./options.ts";

export const rotation = command({
  name: "rotation",
  summary: "list the age of each value in Key Vault and when it expires, soonest first",
  options: [
    ...placeOptions,
    { flags: "--due", summary: "only values that have expired; exit code 1 if there are any" },
  ],
  examples: ["ameide-secrets rotation --stack dev", "ameide-secrets rotation --due --stack prod"],
  async run(flags, { io }) {
    const { rotationAges } = await import("../../diagnose/rotation-ages.ts");
    const { stack, snapshot } = await observed(flags);
    if (!snapshot.keyVault.ok) {
      const { asked, message } = snapshot.keyVault.failure;
      const fix = `ameide-secrets doctor --stack ${stack.name}`;
      throw UserError.of("azure-not-readable", `could not ${asked}: ${message}`, fix);
    }
    const onlyDue = flags.due === true;
    const ages = rotationAges(snapshot, stack).filter(({ due }) => !onlyDue || due);
    const rows = ages.map(({ name, ageInDays, rotateEveryInDays, expiresAt, due, owner }) => [
      name,
      String(ageInDays),
      String(rotateEveryInDays ?? "-"),
      expiresAt?.slice(0, 10) ?? "-",
      due ? "yes" : "no",
      owner ?? "-",
    ]);
    const [first] = ages;
    const yes = stack.name === "local" ? "" : " --yes";
    const fix = first?.due === true ? [`  fix: ameide-secrets rotate ${first.name} --stack ${stack.name}${yes} < new-value`] : []; // prettier-ignore
    const empty = onlyDue ? "nothing has expired" : "Key Vault holds none";
    const text = first === undefined ? empty : [table(["SECRET", "DAYS", "EVERY", "EXPIRES", "DUE", "OWNER"], rows, io.columns), ...fix].join("\n"); // prettier-ignore
    return { json: ages, text, ok: !onlyDue || ages.length === 0 };
  },
});
