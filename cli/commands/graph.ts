import { UserError } from "../../domain/user-error.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { observed } from "./options.ts";

export const graph = command({
  name: "graph",
  summary: "draw the pipeline as one HTML page: every secret, stage by stage, with its state",
  options: [
    {
      flags: "--stack <name>",
      summary: "dev, staging, prod or local; can be repeated (default: all, offline)",
      repeatable: true,
    },
    { flags: "--offline", summary: "draw the plan only, call no server" },
    { flags: "--out <file>", summary: "output file (default: secrets.html or secrets.svg)" },
    { flags: "--svg", summary: "write an SVG of one environment" },
    ...localHomeOptions,
  ],
  examples: [
    "ameide-secrets graph --offline",
    "ameide-secrets graph --stack local --out local.html",
    "ameide-secrets graph --stack prod --offline --svg --out prod.svg",
  ],
  async run({ svg = false, out = svg ? "secrets.svg" : "secrets.html", ...flags }) {
    const [{ environmentNames }, { graphModel }, { graphPage, graphSvg }, { writeOutput }] = await Promise.all([
      import("../../domain/stage.ts"),
      import("../../diagnose/graph/model.ts"),
      import("../../diagnose/graph/page.ts"),
      import("../files.ts"),
    ]);
    const stacks = flags.stack ?? environmentNames;
    const isPlan = flags.offline === true || flags.stack === undefined;
    const models = [];
    for (const stack of stacks) {
      const { plan, catalogue, diagnosis } = isPlan ? await planned(stack) : await diagnosed({ ...flags, stack });
      models.push(graphModel(plan, catalogue, diagnosis));
    }
    const [model] = models;
    if (!svg) writeOutput(out, await graphPage(models));
    else if (model !== undefined && models.length === 1) writeOutput(out, graphSvg(model));
    else {
      const fix = "ameide-secrets graph --stack prod --offline --svg --out prod.svg";
      throw UserError.of("usage", "--svg needs exactly one --stack", fix);
    }
    return { text: `${out}: ${stacks.join(", ")}${isPlan ? ", as planned" : ", as of now"}` };
  },
});

async function planned(stack: string) {
  const { loadOffline } = await import("../deploy/offline-preview.ts");
  const loaded = await loadOffline(stack, []);
  if (loaded.kind === "environment") return { plan: loaded.plan, catalogue: loaded.catalogue, diagnosis: undefined };
  const fix = "use --stack dev, staging, prod or local";
  throw UserError.of("shared-has-no-chain", "the stack shared delivers no secrets", fix);
}

async function diagnosed(flags: LocalHomeFlags & { readonly stack: string }) {
  const { explain } = await import("../../diagnose/explain.ts");
  const { stack, snapshot } = await observed(flags);
  return { plan: stack.plan, catalogue: stack.catalogue, diagnosis: explain(snapshot, stack) };
}
