import type { Expectation } from "../../diagnose/explain/view.ts";
import { withNames } from "../../diagnose/fill-names.ts";
import type { RotationReport } from "../../diagnose/rotation.ts";
import { UserError } from "../../domain/user-error.ts";
import { command } from "../command.ts";
import { rolloutOf, type RestartReport } from "../operate/restart.ts";
import { table } from "../table.ts";
import { stackOptions, timeoutOption, withConnectedStack, yesOption, observed } from "./options.ts";

export const rotate = command({
  name: "rotate",
  summary:
    "write a new value and follow it step by step until every Secret has it; reads the value from standard input",
  arguments: [{ name: "<name>", summary: "secret of the catalogue, such as ghcr-token" }],
  options: [
    ...stackOptions,
    { flags: "--rollback", summary: "deliver Key Vault's previous version instead" },
    {
      flags: "--from-source",
      summary: "write nothing and follow the value that is now in Key Vault, written by env push or its owner",
    },
    {
      flags: "--restart",
      summary:
        "then restart the workloads that still run with the old value, one at a time, each after the one before it is ready; those that Reloader restarts are left to Reloader",
    },
    { ...timeoutOption, summary: "for each restarted workload to become ready", default: 300 },
    yesOption,
  ],
  examples: [
    "ameide-secrets rotate ghcr-token --stack local < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --yes < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --yes",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --restart --yes",
    "ameide-secrets rotate ghcr-token --stack prod --rollback --yes",
  ],
  async run(flags, { io, args: [name = ""], signal, again }) {
    const [{ requireYes }, { rotateValue }, { restartWorkloads }] = await Promise.all([
      import("../operate/connected-stack.ts"),
      import("../operate/rotate.ts"),
      import("../operate/restart.ts"),
    ]);
    const { rollback = false, fromSource = false, restart = false, timeout: timeoutInSeconds } = flags;
    if (rollback && fromSource) {
      throw UserError.of("usage", "--rollback and --from-source cannot be used together", "use one of them");
    }
    const from = rollback ? "former" : fromSource ? "source" : "input";
    return withConnectedStack({ ...flags, readsValues: true }, async (connected) => {
      requireYes(connected, flags.yes, again);
      const tell = (text: string) => io.err(text);
      const report = await rotateValue(connected, flags, name, { from, signal, tell });
      const onRestart = (workload: string) => io.err(`      restarting ${workload} ...`);
      const restarts =
        restart && report.stuckAt === undefined
          ? await restartWorkloads(connected.cluster, report.restarts, { timeoutInSeconds, signal, onRestart })
          : undefined;
      // what is left still runs with the former value
      const left = report.restarts.filter((workload) => restarts?.restarted.includes(workload) !== true);
      const result = { ...report, ...restarts, restarts: left };
      const ok = report.stuckAt === undefined && restarts?.stoppedAt === undefined;
      return { json: result, text: formatRotation(result, connected.stack), ok };
    });
  },
});

export function formatRotation(report: RotationReport & Partial<RestartReport>, stack: Expectation): string {
  const { name, reached, restarts, follows, stuckAt, restarted = [], manual = [], stoppedAt } = report;
  const again = `ameide-secrets rotate ${name} --stack ${stack.name}${stack.name === "local" ? "" : " --yes"}`;
  const why = new Map(manual.map(({ workload, because }) => [workload, `, ${because}`]));
  const state =
    stuckAt === undefined
      ? `the same at every step${restarts.length === 0 ? "" : `; ${restarts.length} to restart`}`
      : `stuck at ${stuckAt.step}: ${stuckAt.waitingFor.join(", ")}`;
  const lines = [`${stack.name}: ${name} is ${state}`];
  if (reached.length > 0) lines.push(table(["STEP", "AT"], reached.map(({ step, at }) => [step, at]))); // prettier-ignore
  lines.push(
    ...restarted.map((workload) => `restarted, and ready: ${workload}`),
    ...restarts
      .filter((workload) => workload !== stoppedAt?.workload)
      .map((workload) => `restart it: ${restartOf(workload, stack)}${why.get(workload) ?? ""}`),
    ...follows.map((workload) => `reads it from a file, within two minutes: ${workload}`),
  );
  if (stuckAt !== undefined) lines.push(`  fix: ameide-secrets doctor --stack ${stack.name}`);
  if (stoppedAt !== undefined)
    lines.push(
      `not ready: ${stoppedAt.workload}: ${stoppedAt.because}; nothing was restarted after it`,
      `  fix: ${rollout("undo", stoppedAt.workload, stack)}`,
      `  to restore the old value: ${again} --rollback --restart`,
    );
  else if (restarts.some((workload) => rolloutOf(workload) !== undefined && !why.has(workload)))
    lines.push(`  fix: ${again} --from-source --restart`);
  return lines.join("\n");
}

/** `ameide-dev Deployment/langfuse` as a command; what no command restarts, such as a Job, as it is called. */
function restartOf(workload: string, stack: Expectation): string {
  return rolloutOf(workload) === undefined ? workload : rollout("restart", workload, stack);
}

function rollout(verb: "restart" | "undo", workload: string, stack: Expectation): string {
  return withNames(`kubectl --context <context> -n <namespace> rollout ${verb} <name>`, stack, rolloutOf(workload));
}

export const rotation = command({
  name: "rotation",
  summary: "list the age of each value in Key Vault and when it expires, soonest first",
  options: [
    ...stackOptions,
    { flags: "--due", summary: "only values that have expired; exit code 1 if there are any" },
  ],
  examples: ["ameide-secrets rotation --stack dev", "ameide-secrets rotation --due --stack prod"],
  async run(flags, { io }) {
    const { rotationAges } = await import("../../diagnose/rotation.ts");
    const { stack, snapshot } = await observed(flags);
    if (!snapshot.keyVault.ok) {
      const { asked, message } = snapshot.keyVault.failure;
      const fix = `ameide-secrets doctor --stack ${stack.name}`;
      throw UserError.of("azure-not-readable", `could not ${asked}: ${message}`, fix);
    }
    const onlyDue = flags.due === true;
    const ages = rotationAges(snapshot, stack).filter(({ due }) => !onlyDue || due);
    const rows = ages.map(({ name, ageInDays, rotateEveryInDays, expiresAt, due, owner }) => [
      name,
      String(ageInDays),
      String(rotateEveryInDays ?? "-"),
      expiresAt?.slice(0, 10) ?? "-",
      due ? "yes" : "no",
      owner ?? "-",
    ]);
    const [first] = ages;
    const yes = stack.name === "local" ? "" : " --yes";
    const fix = first?.due === true ? [`  fix: ameide-secrets rotate ${first.name} --stack ${stack.name}${yes} < new-value`] : []; // prettier-ignore
    const empty = onlyDue ? "nothing has expired" : "Key Vault holds none";
    const text = first === undefined ? empty : [table(["SECRET", "DAYS", "EVERY", "EXPIRES", "DUE", "OWNER"], rows, io.columns), ...fix].join("\n"); // prettier-ignore
    return { json: ages, text, ok: !onlyDue || ages.length === 0 };
  },
});
