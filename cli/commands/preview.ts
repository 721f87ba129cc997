import { formatFinding, type Finding } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { command } from "../command.ts";
import type { RunResult } from "../deploy/engine/deploy.ts";
import { Phases } from "../phases.ts";
import { formatAdvisories, formatChanges } from "./format-changes.ts";
import { dotenvOption, jsonOption } from "./options.ts";

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
      const scope = { ...(stack !== undefined && { stacks: [stack] }), ...(state !== undefined && { state }) };
      const outcome = await previewAllOffline({ ...scope, envFiles: envFiles ?? [], signal });
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
    const options = { stack, phases, signal, tell: (text: string) => io.err(text), ...(envFiles && { envFiles }) };
    const result = await runCloud({ ...options, until: "preview" });
    return { json: result.preview, text: text(stack, result.preview) };
  },
});

function text(stack: string, { changes, advisories }: RunResult, findings: readonly Finding[] = []): string {
  const notes = formatAdvisories([...findings, ...advisories]);
  return `stack ${stack}: ${formatChanges(changes, "planned")}${notes === "" ? "" : `\n\n${notes}`}`;
}
