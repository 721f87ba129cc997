import type { Validation } from "../../diagnose/validate.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";

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
    const [{ openPlace }, { observe }, library] = await Promise.all([
      import("../operate/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/validate.ts"),
    ]);
    const prove = flags.prove === true;
    const place = await openPlace({ ...flags, readsValues: prove });
    try {
      const snapshot = await observe(place.stack, place.access, { compareValues: prove, elsewhere: true });
      const validation = library.validate(snapshot, place.stack, { prove });
      io.out(flags.json === true ? JSON.stringify(validation, undefined, 2) : formatValidation(validation));
      return validation.ok ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};

/** What `validate` prints: the seed's five checks, each with what it looked at, and in the end where to begin. */
export function formatValidation({ checks, environment, ok }: Validation): string {
  const isBad = ({ state }: { readonly state: string }): boolean => state === "failed" || state === "unknown";
  const first = checks.find(({ items }) => items.some(isBad));
  const item = first?.items.find(isBad);
  const blocks = checks.map(({ number, title, items }) => {
    const bad = items.filter(isBad);
    const heading = `${number}. ${title}: ${bad.length === 0 ? "ok" : `${bad.length} of ${items.filter(({ state }) => state !== "info").length} not`}`;
    return `${heading}\n${table(
      ["", "SUBJECT", "FOUND"],
      items.map(({ state, subject, note }) => [state, subject, note]),
    )}`;
  });
  return [
    ...blocks,
    ok || first === undefined || item === undefined
      ? `${environment}: all five checks hold`
      : `${environment}: not valid; begin with check ${first.number}, ${item.subject}: ${item.note}\n  fix: ameide-secrets doctor --stack ${environment}`,
  ].join("\n\n");
}
