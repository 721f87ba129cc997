import { command } from "../command.ts";
import type { Destruction } from "../deploy/destroy.ts";
import { Phases } from "../phases.ts";
import { cloudStackOption, confirmOption, jsonOption } from "./options.ts";

export const destroy = command({
  name: "destroy",
  summary: "remove one stack, except everything that contains values; without --yes it only shows what it would remove",
  options: [cloudStackOption, confirmOption, jsonOption],
  examples: ["ameide-secrets destroy --stack dev", "ameide-secrets destroy --stack dev --yes"],
  async run({ stack, yes }, { io, signal }) {
    const { destroyCloud } = await import("../deploy/destroy.ts");
    const preview = yes !== true;
    const destruction = await destroyCloud({ stack, preview, phases: new Phases(io, signal), signal });
    const unconfirmed = preview && destruction.changes.length > 0 ? "--yes" : undefined;
    return { json: destruction, text: formatDestruction(destruction, preview), unconfirmed };
  },
});

export function formatDestruction({ changes, stays, untouched }: Destruction, preview: boolean): string {
  const kept = (because: "protected" | "retained") =>
    stays.filter((one) => one.because === because).map(({ type, name }) => `${type.split(/[:/]/).at(-1)} ${name}`);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["kept, protected, still part of the stack:", kept("protected")],
    ["kept in place, no longer part of the stack:", kept("retained")],
    ["kept, because it is not part of a stack of this environment:", untouched],
  ];
  return [
    changes.length === 0 ? "nothing to remove" : `${changes.length} ${preview ? "would be removed" : "removed"}:`,
    ...[...Map.groupBy(changes, ({ stage }) => stage)].flatMap(([stage, removed]) =>
      removed.map(({ name }) => `  ${stage}: ${name}`),
    ),
    ...sections.flatMap(([heading, lines]) =>
      lines.length === 0 ? [] : ["", heading, ...lines.map((line) => `  ${line}`)],
    ),
  ].join("\n");
}
