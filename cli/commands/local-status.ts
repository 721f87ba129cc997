import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { homeOf, localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { jsonOption } from "./options.ts";

interface Flags extends LocalHomeFlags {
  readonly json?: boolean;
}

export const localStatus: Command<Flags> = {
  name: "local status",
  summary: "show the servers of the local environment, and every secret step by step",
  options: [...localHomeOptions, jsonOption],
  examples: ["ameide-secrets local status", "ameide-secrets local status --json"],
  async run(flags, io) {
    const home = await homeOf(flags);
    const { isHome } = await import("../../local/home.ts");
    if (!isHome(home)) {
      io.err(`found no local environment in ${home.dir}\n  fix: npm start`);
      return ExitCode.finding;
    }
    const { serverStates } = await import("../../local/servers/records.ts");
    const servers = serverStates(home);
    const down = servers.filter(({ running }) => !running);
    const seen = down.length > 0 ? undefined : await statusReportOf(home);
    if (flags.json === true) {
      const account = seen && { account: seen.report, text: seen.text };
      io.out(JSON.stringify({ home: home.dir, servers, account }, undefined, 2));
    } else {
      io.out(`${home.dir}\n`);
      io.out(
        table(
          ["SERVER", "STATE", "PID", "PORT"],
          servers.map(({ name, running, pid, port }) => [
            name,
            running ? "running" : "stopped",
            String(pid ?? "-"),
            String(port ?? "-"),
          ]),
        ),
      );
      if (seen !== undefined) io.out(`\n${seen.text}`);
    }
    if (down.length > 0) io.err(`${down.map(({ name }) => name).join(", ")} not running\n  fix: npm start`);
    return down.length === 0 && seen?.report.targets.every(({ synced, awaited }) => synced || !awaited) === true
      ? ExitCode.ok
      : ExitCode.finding;
  },
};

async function statusReportOf(home: Awaited<ReturnType<typeof homeOf>>) {
  const [{ openCluster }, { formatStatusReport, readStatusReport }, { loadLocalStack }] = await Promise.all([
    import("../../clients/kubeconfig.ts"),
    import("../deploy/status-report.ts"),
    import("../access/local-stack.ts"),
  ]);
  const stack = await loadLocalStack(home, []);
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: stack.cluster.context });
  const report = await readStatusReport(cluster, stack);
  return { report, text: formatStatusReport(report) };
}
