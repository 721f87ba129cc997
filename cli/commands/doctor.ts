import type { CheckedItem, Validation } from "../../diagnose/validate.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { stackOptions, observed } from "./options.ts";

export const doctor = command({
  name: "doctor",
  summary: "find the first failing stage of each secret: symptom, evidence, cause, fix",
  options: [
    ...stackOptions,
    {
      flags: "--prove",
      summary: "also read the values in Key Vault and Vault and compare them by keyed hash; prints none",
    },
    { flags: "--watch", summary: "repeat every 5 seconds until Ctrl-C; with --json one object per line" },
    { flags: "--bundle <file>", summary: "write everything that was read, without values, to attach to a ticket" },
  ],
  examples: [
    "ameide-secrets doctor --stack dev",
    "ameide-secrets doctor --stack prod --bundle ticket.json",
    "ameide-secrets doctor --stack local --watch",
  ],
  async run(flags, { io, signal }) {
    const [{ connectStack }, { runDoctor }] = await Promise.all([
      import("../operate/connected-stack.ts"),
      import("../operate/doctor.ts"),
    ]);
    const open = () => connectStack({ ...flags, readsValues: flags.prove === true });
    return runDoctor({ ...flags, open, signal }, io);
  },
});

export const validate = command({
  name: "validate",
  summary:
    "the five checks of the platform's document: Key Vault, federated credentials, Vault, ExternalSecrets, Secrets",
  options: [
    ...stackOptions,
    { flags: "--prove", summary: "compare Vault's values with the source's by keyed hash; reads values, shows none" },
  ],
  examples: ["ameide-secrets validate --stack dev", "ameide-secrets validate --stack prod --prove --json"],
  async run({ prove = false, ...flags }, { io }) {
    const library = await import("../../diagnose/validate.ts");
    const { stack, snapshot } = await observed(flags, { compareValues: prove, elsewhere: true });
    const validation = library.validate(snapshot, stack, { prove });
    return { json: validation, text: formatValidation(validation, io.columns), ok: validation.ok };
  },
});

export function formatValidation({ checks, environment, ok }: Validation, columns?: number): string {
  const isBad = ({ state }: CheckedItem): boolean => state === "failed" || state === "unknown";
  const first = checks.find(({ items }) => items.some(isBad));
  const item = first?.items.find(isBad);
  const blocks = checks.map(({ number, title, items }) => {
    const bad = items.filter(isBad).length;
    const listed = items.filter(({ state }) => state !== "absent");
    const absent = Map.groupBy(items.filter(({ state }) => state === "absent"), ({ note }) => note); // prettier-ignore
    const judged = listed.filter(({ state }) => state !== "info").length;
    return [
      `${number}. ${title}: ${bad === 0 ? "ok" : `${bad} of ${judged} not ok`}`,
      table(["", "SUBJECT", "FOUND"], listed.map(({ state, subject, note }) => [state, subject, note]), columns), // prettier-ignore
      ...[...absent].map(([note, same]) => `and ${same.length} absent: ${note}`),
    ].join("\n");
  });
  const closing =
    ok || first === undefined || item === undefined
      ? `${environment}: all five checks pass`
      : `${environment}: not valid; begin with check ${first.number}, ${item.subject}: ${item.note}\n  fix: ameide-secrets doctor --stack ${environment}`;
  return [...blocks, closing].join("\n\n");
}
