import { homeOf, localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { jsonOption } from "./options.ts";

export const localStatus = command({
  name: "local status",
  summary: "show the servers of the local environment, and every secret step by step",
  options: [...localHomeOptions, jsonOption],
  examples: ["ameide-secrets local status", "ameide-secrets local status --json"],
  async run(flags, { io }) {
    const home = await homeOf(flags);
    const [{ isHome }, { serverStates }] = await Promise.all([
      import("../../local/home.ts"),
      import("../../local/servers/records.ts"),
    ]);
    if (!isHome(home)) {
      const next = `found no local environment in ${home.dir}\n  fix: npm start`;
      return { json: { home: home.dir, servers: [] }, text: "", ok: false, next };
    }
    const servers = serverStates(home);
    const down = servers.filter(({ running }) => !running).map(({ name }) => name);
    const seen = down.length > 0 ? undefined : await statusReportOf(home, io.columns);
    const rows = servers.map(({ name, running, pid, port }) => [
      name,
      running ? "running" : "stopped",
      String(pid ?? "-"),
      String(port ?? "-"),
    ]);
    return {
      json: { home: home.dir, servers, account: seen && { account: seen.report, text: seen.text } },
      text: [
        home.dir,
        table(["SERVER", "STATE", "PID", "PORT"], rows, io.columns),
        ...(seen === undefined ? [] : [seen.text]),
      ].join("\n\n"),
      ok: seen?.report.targets.every(({ synced, awaited }) => synced || !awaited) === true,
      next: down.length === 0 ? undefined : `${down.join(", ")} not running\n  fix: npm start`,
    };
  },
});

async function statusReportOf(home: Awaited<ReturnType<typeof homeOf>>, columns: number | undefined) {
  const [{ openCluster }, { formatStatusReport, readStatusReport }, { loadLocalStack }] = await Promise.all([
    import("../../clients/kubeconfig.ts"),
    import("../deploy/status-report.ts"),
    import("../access/local-stack.ts"),
  ]);
  const stack = await loadLocalStack(home, []);
  const cluster = await openCluster({ kubeconfig: home.kubeconfig, context: stack.cluster.context });
  const report = await readStatusReport(cluster, stack);
  return { report, text: formatStatusReport(report, columns) };
}
