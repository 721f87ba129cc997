import type { MoveInStep } from "../../domain/move-in/facts.ts";
import { command } from "../command.ts";
import { stackOptions } from "./options.ts";

const [{ choices: environments, ...stackOption }, ...otherOptions] = stackOptions;

export const moveIn = command({
  name: "move-in",
  summary: "print the ordered steps from a live platform (Terraform, ArgoCD, a chart) to this program; changes nothing",
  options: [
    { ...stackOption, choices: ["shared", ...environments] },
    ...otherOptions,
    {
      flags: "--terraform <file>",
      summary: "a Terraform state, or terraform show -json of a state or plan; - is standard input",
    },
    {
      flags: "--application <name>",
      summary:
        "the ArgoCD Application that will apply the rendered files (default: the one that applies the objects now)",
    },
    {
      flags: "--prove",
      summary: "compare values of Terraform, Key Vault and Vault by keyed hash; needs the right to read them",
    },
    { flags: "--html <file>", summary: "write the plan as a page as well" },
  ],
  examples: [
    "terraform show -json | ameide-secrets move-in --stack shared --terraform -",
    "ameide-secrets move-in --stack dev --html move-in.html",
  ],
  async run(flags) {
    const [{ moveIn: plan }, { guardScan }, { writeOutput }] = await Promise.all([
      import("../operate/move-in.ts"),
      import("../operate/guard-scan.ts"),
      import("../files.ts"),
    ]);
    const { stack, html } = flags;
    const steps = await plan(flags, guardScan);
    if (html !== undefined) writeOutput(html, moveInPage(stack, steps));
    const ok = steps.every(({ state }) => state === "done");
    return { json: { stack, steps }, text: formatMoveIn(stack, steps), ok };
  },
});

const parts = [
  ["objects", "objects"],
  ["before", "check before"],
  ["run", "run"],
  ["after", "check after"],
  ["back", "way back"],
] as const;

/** Done steps are one line each; the others say everything, in the order in which they are done. */
export function formatMoveIn(stack: string, steps: readonly MoveInStep[]): string {
  const next = steps.find(({ state }) => state !== "done");
  const done = steps.filter(({ state }) => state === "done").length;
  const head = `${stack}: ${done} of ${steps.length} steps are done${next === undefined ? "" : `; next: ${next.id}`}`;
  const lines = steps.flatMap((step, index) => [
    "",
    `${index + 1}. [${step.state}] ${step.id}: ${step.title}`,
    ...(step.note === undefined ? [] : [`   note: ${step.note}`]),
    ...parts
      .filter(([key]) => step[key].length > 0 && (step.state !== "done" || key === "objects"))
      .flatMap(([key, label]) => [
        `   ${label}:`,
        ...step[key].map((text) => `     ${text.replaceAll("\n", "\n     ")}`),
      ]),
  ]);
  return [head, ...lines].join("\n");
}

/** One page without scripts that opens from disk. */
function moveInPage(stack: string, steps: readonly MoveInStep[]): string {
  const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const body = steps.map(
    (step, index) =>
      `<details${step.state === "done" ? "" : " open"}><summary class="${step.state}">${index + 1}. ${step.state}: ${escaped(step.title)}</summary>${
        step.note === undefined ? "" : `<p>${escaped(step.note)}</p>`
      }${parts
        .filter(([key]) => step[key].length > 0)
        .map(([key, label]) => `<h3>${label}</h3>${step[key].map((text) => `<pre>${escaped(text)}</pre>`).join("")}`)
        .join("")}</details>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Moving in: ${stack}</title>
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}summary{font-weight:600;padding:.3rem 0}summary.done{opacity:.6}h3{font-size:.9rem;margin:.6rem 0 .2rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;padding:.4rem;margin:.2rem 0}</style>
<h1>Moving in: ${stack}</h1>
${body.join("\n")}
</html>
`;
}
