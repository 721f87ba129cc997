import { command } from "../command.ts";
import { stackOptions, timeoutOption, withConnectedStack, yesOption } from "./options.ts";

export const bootstrapRun = command({
  name: "bootstrap run",
  summary: "run vault-bootstrap once, with the CronJob's own pod template",
  options: [
    ...stackOptions,
    { flags: "--follow", summary: "print its log while it runs" },
    { flags: "--dry-run", summary: "start a Job that prints what it would write and writes nothing" },
    { ...timeoutOption, summary: "how long to wait until it ends", default: 300 },
    yesOption,
  ],
  examples: [
    "ameide-secrets bootstrap run --stack local --follow",
    "ameide-secrets bootstrap run --stack dev --dry-run --yes",
  ],
  async run(flags, { io, signal, again }) {
    const [{ requireYes }, { lastWords, noticesOf, plannedWrites, runBootstrap }] = await Promise.all([
      import("../operate/connected-stack.ts"),
      import("../access/bootstrap-job.ts"),
    ]);
    const { follow, dryRun, timeout: timeoutInSeconds } = flags;
    return withConnectedStack(flags, async (connected) => {
      requireYes(connected, flags.yes, again);
      const { cluster, stack } = connected;
      const tell = (text: string) => io.err(text);
      const { cause, job, succeeded, log } = await runBootstrap(cluster, stack, {
        purpose: "manual",
        flags: dryRun === true ? ["--dry-run"] : [],
        timeoutInSeconds,
        signal,
        tell,
        onLine: follow === true ? tell : undefined,
      });
      const { said, fix } = lastWords(log);
      const plan = dryRun === true ? [plannedWrites(log, stack.vault.mount)] : [];
      return {
        json: { job, cause, succeeded },
        text: succeeded
          ? [`${job}: ok`, ...noticesOf(log), ...plan].join("\n")
          : `${job}: ${cause}: ${said}\n  fix: ${fix.replaceAll("<stack>", stack.name)}`,
        ok: succeeded,
      };
    });
  },
});

export const bootstrapLogs = command({
  name: "bootstrap logs",
  summary: "print the log of vault-bootstrap's last run",
  options: stackOptions,
  examples: ["ameide-secrets bootstrap logs --stack dev"],
  async run(flags) {
    const { lastBootstrapLog } = await import("../access/bootstrap-job.ts");
    return withConnectedStack(flags, async ({ cluster, stack }) => {
      const { name, namespace, bootstrap } = stack;
      const last = await lastBootstrapLog(cluster, stack);
      if (last !== undefined) return { json: last, text: last.log.trimEnd() };
      const next = `found no pod of ${bootstrap.name} in ${namespace}\n  fix: ameide-secrets bootstrap run --stack ${name} --follow`;
      return { json: null, text: "", ok: false, next };
    });
  },
});
