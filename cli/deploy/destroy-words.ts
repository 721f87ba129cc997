import type { Destruction } from "./destroy.ts";

/** What goes by stage, then everything that stays and why. */
export function formatDestruction({ changes, stays, untouched }: Destruction, preview: boolean): string {
  const goes = Map.groupBy(changes, ({ stage }) => stage);
  const of = (because: "protected" | "retained") => stays.filter((one) => one.because === because);
  const named = (list: Destruction["stays"]) => list.map(({ type, name }) => `  ${type.split(/[:/]/).at(-1)} ${name}`);
  return [
    changes.length === 0 ? "nothing goes" : `${changes.length} ${preview ? "would go" : "gone"}:`,
    ...[...goes].flatMap(([stage, list]) => list.map(({ name }) => `  ${stage}: ${name}`)),
    ...section("stays, protected, and in the stack as before:", named(of("protected"))),
    ...section("stays in place, and leaves the stack:", named(of("retained"))),
    ...section(
      "stays, since no stack of this environment holds it:",
      untouched.map((line) => `  ${line}`),
    ),
  ].join("\n");
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", heading, ...lines];
}
