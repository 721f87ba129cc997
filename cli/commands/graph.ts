import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";

interface Flags extends LocalHomeFlags {
  readonly stack?: readonly string[];
  readonly offline?: boolean;
  readonly out?: string;
  readonly svg?: boolean;
}

export const graph: Command<Flags> = {
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
  async run(flags, io) {
    const [{ graphModel }, { environmentNames }, { UserError }] = await Promise.all([
      import("../../diagnose/graph/model.ts"),
      import("../../domain/stage.ts"),
      import("../../domain/user-error.ts"),
    ]);
    const { writeOutput } = await import("../files.ts");
    const stacks = flags.stack ?? environmentNames;
    const offline = flags.offline === true || flags.stack === undefined;
    const models = [];
    for (const stack of stacks) {
      const { plan, catalogue, diagnosis } = offline ? await planned(stack) : await seen({ ...flags, stack });
      models.push(graphModel(plan, catalogue, diagnosis));
    }
    const out = flags.out ?? (flags.svg === true ? "secrets.svg" : "secrets.html");
    const [only] = models;
    if (flags.svg === true) {
      if (only === undefined || models.length > 1)
        throw UserError.of(
          "usage",
          "--svg needs exactly one --stack",
          "ameide-secrets graph --stack prod --offline --svg --out prod.svg",
        );
      const { graphSvg } = await import("../../diagnose/graph/page.ts");
      writeOutput(out, graphSvg(only));
    } else {
      const { graphPage } = await import("../../diagnose/graph/page.ts");
      writeOutput(out, await graphPage(models));
    }
    io.out(`${out}: ${stacks.join(", ")}${offline ? ", as planned" : ", as of now"}`);
    return ExitCode.ok;
  },
};

async function planned(stack: string) {
  const { loadOffline } = await import("../deploy/offline-preview.ts");
  const loaded = await loadOffline(stack, []);
  if (loaded.kind === "environment") return { plan: loaded.plan, catalogue: loaded.catalogue, diagnosis: undefined };
  const { UserError } = await import("../../domain/user-error.ts");
  throw UserError.of(
    "shared-has-no-chain",
    "the stack shared delivers no secrets",
    "use --stack dev, staging, prod or local",
  );
}

async function seen(flags: LocalHomeFlags & { readonly stack: string }) {
  const [{ openPlace }, { observe }, { explain }] = await Promise.all([
    import("../operate/place.ts"),
    import("../../diagnose/observe/observe.ts"),
    import("../../diagnose/explain.ts"),
  ]);
  const place = await openPlace(flags);
  const { stack, access } = place;
  try {
    return { plan: stack.plan, catalogue: stack.catalogue, diagnosis: explain(await observe(stack, access), stack) };
  } finally {
    await place.close();
  }
}
