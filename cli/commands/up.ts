import { formatFinding, type Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { command } from "../command.ts";
import type { RunResult } from "../deploy/engine/deploy.ts";
import { Phases } from "../phases.ts";
import { formatAdvisories, formatChanges } from "./format-changes.ts";
import { cloudStackOption, dotenvOption, jsonOption, refreshOption, yesOption } from "./options.ts";

export const up = command({
  name: "up",
  summary:
    "preview with the policy pack, then update one stack; initialises and unseals Vault first if needed and allowed",
  options: [
    cloudStackOption,
    dotenvOption,
    refreshOption,
    {
      flags: "--approved <file>",
      summary: "stop unless the plan is the one in this file, as preview --json printed it",
    },
    yesOption,
    jsonOption,
  ],
  examples: ["ameide-secrets up --stack shared --yes", "ameide-secrets up --stack dev --yes --json"],
  async run({ stack, dotenv: envFiles, refresh, approved, yes }, { io, signal }) {
    const { runCloud } = await import("../deploy/cloud.ts");
    const phases = new Phases(io, signal);
    const options = { stack, phases, signal, tell: (text: string) => io.err(text), envFiles, refresh, approved };
    if (yes !== true) {
      const { preview } = await runCloud({ ...options, until: "preview" });
      const text = `${formatChanges(preview.changes, "planned")}\n\n${formatAdvisories(preview.advisories)}`.trimEnd();
      return { json: preview, text, unconfirmed: preview.changes.length === 0 ? undefined : "--yes" };
    }
    const { plan, update } = await runCloud({ ...options, until: "update" });
    if (plan.kind === "environment" && plan.strictness.delivery === "pulumi") {
      const [{ waitUntilSynced }, { openCluster }, { expectedDeliveries }] = await Promise.all([
        import("../access/external-secrets.ts"),
        import("../../clients/kubeconfig.ts"),
        import("../../domain/plan/update-check.ts"),
      ]);
      const cluster = await openCluster(plan.cluster);
      await phases.run("External Secrets Operator", () =>
        waitUntilSynced(cluster, [...expectedDeliveries(plan)], { timeoutInSeconds: 300, signal }),
      );
    }
    const { changes = [], outputs = {} } = update ?? {};
    return { json: { changes, outputs, timings: phases.timings }, text: formatChanges(changes, "done") };
  },
});

export const preview = command({
  name: "preview",
  summary: "show what up would create, change and delete, by stage, and the findings of the rules",
  options: [
    { flags: "--stack <name>", summary: "shared, dev, staging, prod or local" },
    { flags: "--all", summary: "every stack, and checks across stacks" },
    { flags: "--offline", summary: "call no server; needs no credentials and no .env" },
    { flags: "--state <file>", summary: "with --offline: compare with an exported state instead of an empty stack" },
    dotenvOption,
    jsonOption,
  ],
  examples: [
    "ameide-secrets preview --stack prod --offline",
    "ameide-secrets preview --all --offline --json",
    "ameide-secrets preview --stack dev",
  ],
  async run({ stack, all, offline, state, dotenv: envFiles }, { io, signal }) {
    if ((stack === undefined) === (all !== true)) {
      const fix = "ameide-secrets preview --stack dev --offline";
      throw UserError.of("usage", "preview needs either --stack <name> or --all", fix);
    }
    if (offline === true) {
      const { previewAllOffline } = await import("../deploy/offline-preview.ts");
      const stacks = stack === undefined ? undefined : [stack];
      const outcome = await previewAllOffline({ stacks, state, envFiles: envFiles ?? [], signal });
      const { previews, findings } = outcome;
      return {
        json: outcome,
        text: previews.map(({ stack: name, result, plan }) => text(name, result, plan.findings)).join("\n\n"),
        ok: findings.length === 0,
        next: findings.length === 0 ? undefined : findings.map(formatFinding).join("\n"),
      };
    }
    if (stack === undefined) {
      throw UserError.of("usage", "--all works only with --offline", "ameide-secrets preview --all --offline");
    }
    const { runCloud } = await import("../deploy/cloud.ts");
    const phases = new Phases(io, signal);
    const options = { stack, phases, signal, tell: (text: string) => io.err(text), envFiles };
    const result = await runCloud({ ...options, until: "preview" });
    return { json: result.preview, text: text(stack, result.preview) };
  },
});

function text(stack: string, { changes, advisories }: RunResult, findings: readonly Finding[] = []): string {
  const notes = formatAdvisories([...findings, ...advisories]);
  return `stack ${stack}: ${formatChanges(changes, "planned")}${notes === "" ? "" : `\n\n${notes}`}`;
}
