import { resolve } from "node:path";
import { command } from "../command.ts";
import { standardInput } from "../files.ts";
import { version } from "../spelling.ts";
import { stackOptions, withConnectedStack } from "./options.ts";

export const lint = command({
  name: "lint",
  summary:
    "check manifests, rendered charts, .env files and Pulumi states against the rules and the catalogue of this checkout",
  arguments: [{ name: "<paths...>", summary: "files and folders; - is standard input" }],
  options: [
    {
      flags: "--format <format>",
      summary: "output format",
      choices: ["text", "json", "sarif", "github"],
      default: "text",
    },
    { flags: "--json", summary: "short for --format json" },
    { flags: "--strict", summary: "also fail if something cannot be judged, such as a chart that is not rendered" },
    {
      flags: "--learn",
      summary: "print catalogue entries for unknown names instead of judging",
    },
    {
      flags: "--environment <name>",
      summary: "for documents with no environment in path or namespace (default: prod, the strictest)",
      choices: ["dev", "staging", "prod", "local", "shared"],
    },
  ],
  examples: [
    "ameide-secrets lint gitops/",
    "ameide-secrets lint --learn gitops/",
    "helm template my-chart | ameide-secrets lint -",
    "ameide-secrets lint --format sarif . > lint.sarif",
    "pulumi stack export --stack prod | ameide-secrets lint -",
  ],
  async run({ format, json, learn, strict = false, environment }, { io, args: paths }) {
    const piped = paths.includes("-") ? await standardInput() : "";
    if (learn === true) return { text: await learned(paths, piped) };
    const [
      settings,
      { readCatalogue },
      { gitTracks },
      { repositoryRoot },
      { lintSources },
      { sourceFiles },
      { isClean },
      machine,
      { renderText },
    ] = await Promise.all([
      import("../../environments/stack-settings.ts"),
      import("../../environments/catalogue.ts"),
      import("../../environments/git-tracked.ts"),
      import("../../environments/repository.ts"),
      import("../../policies/lint/lint.ts"),
      import("../../policies/lint/paths.ts"),
      import("../../policies/lint/judge-located.ts"),
      import("../../policies/lint/render-machine.ts"),
      import("../../policies/lint/render-text.ts"),
    ]);
    const result = lintSources(sourceFiles(paths, piped), {
      catalogue: readCatalogue(),
      vaults: settings.readEnvironmentVaults(repositoryRoot),
      isTracked: (file) => gitTracks(resolve(file)),
      ...(environment === undefined ? {} : { environment }),
    });
    const renderers = {
      json: () => JSON.stringify(result, undefined, 2),
      sarif: () => machine.renderSarif(result, version(), process.cwd()),
      github: () => machine.renderGithub(result, process.cwd()),
      text: () => renderText(result, io.columns),
    };
    return { text: renderers[json === true ? "json" : format](), ok: isClean(result, strict) };
  },
});

/** Entries for `environments/catalogue.yaml` that classify the names in the files. */
async function learned(paths: readonly string[], piped: string): Promise<string> {
  const [{ readCatalogue }, { classify }, { learnNames }, { renderLearned }, { sourceFiles }] = await Promise.all([
    import("../../environments/catalogue.ts"),
    import("../../domain/catalogue/lookup.ts"),
    import("../../policies/lint/learn.ts"),
    import("../../policies/lint/learn.ts"),
    import("../../policies/lint/paths.ts"),
  ]);
  const catalogue = readCatalogue();
  const names = learnNames(sourceFiles(paths, piped), catalogue);
  return renderLearned(names, (name) => classify(catalogue, name).kind !== "unknown").trimEnd();
}

export const guard = command({
  name: "guard",
  summary: "list the live objects that admission would refuse; run it before you set admission to deny",
  options: stackOptions,
  examples: ["ameide-secrets guard --stack staging", "ameide-secrets guard --stack prod --json"],
  async run(flags) {
    const { formatGuardScan, guardScan } = await import("../operate/guard-scan.ts");
    const scan = await withConnectedStack(flags, ({ cluster, stack }) => guardScan(cluster, stack));
    return { json: scan, text: formatGuardScan(scan), ok: scan.wouldBreak.length === 0 };
  },
});
