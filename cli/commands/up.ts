import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { Phases } from "../phases.ts";
import { cloudStackOption, dotenvOption, jsonOption, refreshOption, yesOption } from "./options.ts";

interface Flags {
  readonly stack: string;
  readonly dotenv?: readonly string[];
  readonly yes?: boolean;
  readonly refresh?: boolean;
  readonly approved?: string;
  readonly json?: boolean;
}

export const up: Command<Flags> = {
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
  async run({ stack, dotenv, refresh, approved, yes, json }, io, _args, signal) {
    const { formatChanges } = await import("./format-changes.ts");
    const { runCloud } = await import("../deploy/cloud.ts");
    const phases = new Phases(io, signal);
    const shared = {
      stack,
      phases,
      signal,
      tell: (text: string) => io.err(text),
      ...(dotenv === undefined ? {} : { envFiles: dotenv }),
      ...(refresh === undefined ? {} : { refresh }),
      ...(approved === undefined ? {} : { approved }),
    };
    if (yes !== true) {
      const { UserError } = await import("../../domain/user-error.ts");
      const { preview } = await runCloud({ ...shared, until: "preview" });
      io.out(formatChanges(preview.changes));
      if (preview.changes.length === 0) return ExitCode.ok;
      throw UserError.of(
        "not-confirmed",
        `stack ${stack} was not changed`,
        confirmedUp({ stack, refresh: refresh === true, approved, dotenv }),
      );
    }
    const result = await runCloud({ ...shared, until: "update" });
    const changes = result.update?.changes ?? [];
    if (result.plan.kind === "environment" && result.plan.strictness.delivery === "pulumi") {
      const [{ waitUntilSynced }, { openCluster }] = await Promise.all([
        import("../access/external-secrets.ts"),
        import("../../clients/kubeconfig.ts"),
      ]);
      const cluster = await openCluster(result.plan.cluster);
      const { expectedDeliveries } = await import("../../domain/plan/update-check.ts");
      const deliveries = [...expectedDeliveries(result.plan)];
      await phases.run("External Secrets Operator", () =>
        waitUntilSynced(cluster, deliveries, { timeoutInSeconds: 300, signal }),
      );
    }
    if (json === true)
      io.out(JSON.stringify({ changes, outputs: result.update?.outputs ?? {}, timings: phases.timings }));
    else io.out(formatChanges(changes));
    return ExitCode.ok;
  },
};

/**
 * The command that applies what a preview has shown, with the same options.
 */
export function confirmedUp(options: {
  readonly stack: string;
  readonly refresh: boolean;
  readonly approved: string | undefined;
  readonly dotenv: readonly string[] | undefined;
}): string {
  const { stack, refresh, approved, dotenv = [] } = options;
  return [
    "ameide-secrets up",
    ...(refresh ? ["--refresh"] : []),
    `--stack ${stack}`,
    ...dotenv.map((file) => `--dotenv ${file}`),
    ...(approved === undefined ? [] : [`--approved ${approved}`]),
    "--yes",
  ].join(" ");
}
