import { command } from "../command.ts";
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
    const options = {
      stack,
      phases,
      signal,
      tell: (text: string) => io.err(text),
      ...(envFiles && { envFiles }),
      ...(refresh === undefined ? {} : { refresh }),
      ...(approved === undefined ? {} : { approved }),
    };
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
