import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { LocalHome } from "../../local/home.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { Phases } from "../phases.ts";
import { homeOf, localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";
import { jsonOption, refreshOption } from "./options.ts";

interface Flags extends LocalHomeFlags {
  readonly dotenv?: readonly string[];
  readonly firstLook: boolean;
  readonly refresh?: boolean;
  readonly realPlugins?: boolean;
  readonly json?: boolean;
}

/** How long External Secrets may take to sync every ExternalSecret once. */
const syncTimeoutInSeconds = 60;

export const localUp: Command<Flags> = {
  name: "local up",
  summary: "start the local environment and run the pipeline from .env to Kubernetes Secrets",
  options: [
    {
      flags: "--dotenv <path>",
      summary: "read this file instead of those of the last start (at first .env.example); can be repeated",
      repeatable: true,
    },
    ...localHomeOptions,
    { flags: "--no-first-look", summary: "do not print the findings and the plan before the start" },
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
  async run(flags, io, _args, signal) {
    const { repositoryRoot } = await import("../../environments/index.ts");
    const vaultPlugin = flags.realPlugins === true ? await installedVaultPlugin() : undefined;
    const home = await homeOf(flags);
    const { dotenvOf, rememberDotenv } = await import("../access/local-stack.ts");
    const envFiles = dotenvOf(home, flags.dotenv);
    if (flags.firstLook) {
      const { firstLook } = await import("../../local/first-look/main.ts");
      io.err(await firstLook({ root: repositoryRoot, envFiles }));
    }
    const phases = new Phases(io, signal);
    const { localHome, takeHome } = await import("../../local/home.ts");
    const lock = takeHome(home);
    try {
      const { startLocal } = await import("../deploy/local-chain.ts");
      const binaries = await startLocal({ home, phases, signal });
      if (vaultPlugin !== undefined) io.err(`provider vault: ${vaultPlugin}`);
      // before the values are written: a start after an interrupted one must read the same files
      rememberDotenv(home, repositoryRoot, envFiles);
      const { runLocalChain } = await import("../deploy/local-chain.ts");
      const { rememberLocalUpdate } = await import("../operate/push.ts");
      const { waitUntilSynced } = await import("../access/external-secrets.ts");
      const { expectedDeliveries } = await import("../../domain/plan/update-check.ts");
      const { whileServersRun } = await import("../../local/servers/watch.ts");
      const { stack, cluster, changes } = await whileServersRun(home, signal, async (stop) => {
        const { update, vaultBefore, ...ran } = await runLocalChain({
          home,
          binaries,
          envFiles,
          phases,
          signal: stop,
          ...(flags.refresh === undefined ? {} : { refresh: flags.refresh }),
          ...(vaultPlugin === undefined ? {} : { vaultPlugin }),
        });
        const { changes: made = [] } = update ?? {};
        await rememberLocalUpdate(home, envFiles, { changes: made, hadFirstStep: vaultBefore !== "active" });
        await phases.run("External Secrets Operator", () =>
          waitUntilSynced(ran.cluster, [...expectedDeliveries(ran.stack)], {
            timeoutInSeconds: syncTimeoutInSeconds,
            signal: stop,
          }),
        );
        return { ...ran, changes: made };
      });
      const { formatStatusReport, readStatusReport } = await import("../deploy/status-report.ts");
      const account = await readStatusReport(cluster, stack);
      if (flags.json === true) {
        io.out(JSON.stringify({ account, changes, timings: phases.timings }, undefined, 2));
      } else {
        const { formatChanges } = await import("./format-changes.ts");
        io.out(`\n${formatChanges(changes)}\n\n${formatStatusReport(account)}\n`);
        io.out(
          formatNextSteps({
            home,
            defaultDir: localHome().dir,
            stack,
            envFiles,
            kubectl: binaries.kubectl,
            seconds: phases.timings.total,
          }),
        );
      }
      return account.targets.every(({ synced, awaited }) => synced || !awaited) ? ExitCode.ok : ExitCode.finding;
    } finally {
      lock.release();
    }
  },
};

/** Called first: without the plugin a run starts nothing. @throws UserError */
async function installedVaultPlugin(): Promise<string> {
  const [{ findVaultPlugin }, { pulumiExecutable }] = await Promise.all([
    import("../access/plugins.ts"),
    import("../deploy/engine/stack.ts"),
  ]);
  return findVaultPlugin(process.env, await pulumiExecutable().catch(() => "pulumi"));
}

/** Where the values come from and are stored, and the next commands. */
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
  const first = stack.plan.deliveries[0];
  const where = home.dir === defaultDir ? "" : ` --home ${home.dir}`;
  return [
    `Ready after ${seconds.toFixed(0)} s. Values come from ${envFiles.join(", ")}. Local state is in ${home.dir} (readable only by you).`,
    "",
    "look at one:  " +
      (first === undefined
        ? `${kubectl} --kubeconfig ${home.kubeconfig} get secrets -A`
        : `${kubectl} --kubeconfig ${home.kubeconfig} get secret ${first.target} -n ${first.namespace} -o yaml`),
    `see it again: ameide-secrets local status${where}`,
    `stop it:      ameide-secrets local down${where}            (--delete also removes its data)`,
  ].join("\n");
}
