import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { LocalHome } from "../../local/home.ts";
import { homeOf, localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { Phases } from "../phases.ts";
import { table } from "../table.ts";
import { formatChanges } from "./format-changes.ts";
import { jsonOption, refreshOption } from "./options.ts";

/** How long External Secrets may take to sync every ExternalSecret once. */
const syncTimeoutInSeconds = 60;

export const localUp = command({
  name: "local up",
  summary: "start the local environment and run the pipeline from .env to Kubernetes Secrets",
  options: [
    {
      flags: "--dotenv <path>",
      summary: "read this file instead of those of the last start (at first .env.example); can be repeated",
      repeatable: true,
    },
    ...localHomeOptions,
    { flags: "--no-overview", summary: "do not print the findings and the plan before the start" },
    refreshOption,
    {
      flags: "--real-plugins",
      summary:
        "use the Pulumi plugin vault that is installed in PULUMI_HOME instead of its stand-in; azure-native stays a stand-in",
    },
    jsonOption,
  ],
  examples: [
    "npm start",
    "npm start -- --dotenv .env",
    "npm start -- --real-plugins",
    "ameide-secrets local up --home /tmp/chain --port-base 29000",
  ],
  async run(flags, { io, signal }) {
    const vaultPlugin = flags.realPlugins === true ? await installedVaultPlugin() : undefined;
    const [{ repositoryRoot }, { dotenvOf, rememberDotenv }, { localHome, takeHome }] = await Promise.all([
      import("../../environments/index.ts"),
      import("../access/local-stack.ts"),
      import("../../local/home.ts"),
    ]);
    const home = await homeOf(flags);
    const envFiles = dotenvOf(home, flags.dotenv);
    if (flags.overview) {
      const { overview } = await import("../../local/overview/main.ts");
      io.err(await overview({ root: repositoryRoot, envFiles }));
    }
    const phases = new Phases(io, signal);
    const lock = takeHome(home);
    try {
      const { runLocalChain, startLocal } = await import("../deploy/local-chain.ts");
      const binaries = await startLocal({ home, phases, signal });
      if (vaultPlugin !== undefined) io.err(`provider vault: ${vaultPlugin}`);
      // before the values are written: a start after an interrupted one must read the same files
      rememberDotenv(home, repositoryRoot, envFiles);
      const [{ formatStatusReport, readStatusReport }, push, sync, { expectedDeliveries }, { whileServersRun }] =
        await Promise.all([
          import("../deploy/status-report.ts"),
          import("../operate/push.ts"),
          import("../access/external-secrets.ts"),
          import("../../domain/plan/update-check.ts"),
          import("../../local/servers/watch.ts"),
        ]);
      const { stack, cluster, changes } = await whileServersRun(home, signal, async (stop) => {
        const { refresh } = flags;
        const ran = await runLocalChain({ home, binaries, envFiles, phases, signal: stop, refresh, vaultPlugin });
        const { changes: made = [] } = ran.update ?? {};
        await push.rememberLocalUpdate(home, envFiles, { changes: made, hadFirstStep: ran.vaultBefore !== "active" });
        await phases.run("External Secrets Operator", () =>
          sync.waitUntilSynced(ran.cluster, [...expectedDeliveries(ran.stack)], {
            timeoutInSeconds: syncTimeoutInSeconds,
            signal: stop,
          }),
        );
        return { ...ran, changes: made };
      });
      const account = await readStatusReport(cluster, stack);
      const { kubectl } = binaries;
      const { timings } = phases;
      const next = { home, defaultDir: localHome().dir, stack, envFiles, kubectl, seconds: timings.total };
      return {
        json: { account, changes, timings },
        text: `\n${formatChanges(changes, "done")}\n\n${formatStatusReport(account, io.columns)}\n\n${formatNextSteps(next)}`,
        ok: account.targets.every(({ synced, awaited }) => synced || !awaited),
      };
    } finally {
      lock.release();
    }
  },
});

/** Called first: without the plugin a run starts nothing. @throws UserError */
async function installedVaultPlugin(): Promise<string> {
  const [{ findVaultPlugin }, { pulumiExecutable }] = await Promise.all([
    import("../access/plugins.ts"),
    import("../deploy/engine/stack.ts"),
  ]);
  return findVaultPlugin(process.env, await pulumiExecutable().catch(() => "pulumi"));
}

export function formatNextSteps({
  home,
  defaultDir,
  stack,
  envFiles,
  kubectl,
  seconds,
}: {
  readonly home: LocalHome;
  /** Folder of the home that the other commands use without `--home`. */
  readonly defaultDir: string;
  readonly stack: EnvironmentStack;
  readonly envFiles: readonly string[];
  readonly kubectl: string;
  readonly seconds: number;
}): string {
  const [first] = stack.plan.deliveries;
  const where = home.dir === defaultDir ? "" : ` --home ${home.dir}`;
  const get = first === undefined ? "secrets -A" : `secret ${first.target} -n ${first.namespace} -o yaml`;
  return [
    `Ready after ${seconds.toFixed(0)} s. Values come from ${envFiles.join(", ")}. Local state is in ${home.dir} (readable only by you).`,
    "",
    `look at one:  ${kubectl} --kubeconfig ${home.kubeconfig} get ${get}`,
    `see it again: ameide-secrets local status${where}`,
    `stop it:      ameide-secrets local down${where}`,
    `delete it:    ameide-secrets local down${where} --delete`,
  ].join("\n");
}

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

export const localDown = command({
  name: "local down",
  summary: "stop the local environment; --delete also removes its data",
  options: [
    ...localHomeOptions,
    { flags: "--delete", summary: "also remove the data: cluster, Vault, Key Vault and Pulumi state" },
  ],
  examples: ["ameide-secrets local down", "ameide-secrets local down --delete"],
  async run(flags) {
    const { localDown: stop } = await import("../../local/servers/stop.ts");
    return { text: await stop(await homeOf(flags), { delete: flags.delete === true }) };
  },
});
