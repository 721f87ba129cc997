import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags, yesOption } from "./options.ts";
import type { Expectation } from "../../diagnose/explain/view.ts";
import { withNames } from "../../diagnose/fill-names.ts";
import type { RotationReport, RotationStep } from "../../diagnose/rotation.ts";
import { rolloutOf, type RestartReport } from "../operate/restart.ts";
import { table } from "../table.ts";

interface Flags extends PlaceFlags {
  readonly rollback?: boolean;
  readonly fromSource?: boolean;
  readonly restart?: boolean;
  readonly timeout: string;
  readonly yes?: boolean;
}

export const rotate: Command<Flags> = {
  name: "rotate",
  summary:
    "write a new value and follow it step by step until every Secret has it; reads the value from standard input",
  arguments: [{ name: "<name>", summary: "secret of the catalogue, such as ghcr-token" }],
  options: [
    ...placeOptions,
    { flags: "--rollback", summary: "deliver Key Vault's previous version instead" },
    {
      flags: "--from-source",
      summary: "follow the value that Key Vault holds by now, as env push or its owner wrote it; write none",
    },
    {
      flags: "--restart",
      summary:
        "then restart what read the value at its start and runs on with the former one: one workload at a time, each once the one before it is ready; what Reloader restarts is left to it",
    },
    { flags: "--timeout <seconds>", summary: "for each restarted workload to become ready", default: "300" },
    yesOption,
  ],
  examples: [
    "ameide-secrets rotate ghcr-token --stack local < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --yes < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --yes",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --restart --yes",
    "ameide-secrets rotate ghcr-token --stack prod --rollback --yes",
  ],
  async run(flags, io, [name = ""], signal) {
    const [{ openPlace, requireYes }, { rotateValue }, { restartWorkloads }, { secondsOf }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/rotate.ts"),
      import("../operate/restart.ts"),
      import("../seconds.ts"),
    ]);
    const { rollback = false, fromSource = false, restart = false } = flags;
    const timeoutInSeconds = secondsOf("--timeout", flags.timeout);
    if (rollback && fromSource) {
      const { UserError } = await import("../../domain/user-error.ts");
      throw UserError.of("usage", "--rollback and --from-source are two different values", "give one of them");
    }
    const from = rollback ? "former" : fromSource ? "source" : "input";
    const place = await openPlace({ ...flags, readsValues: true });
    try {
      const mode = `${rollback ? " --rollback" : fromSource ? " --from-source" : ""}${restart ? " --restart" : ""}`;
      requireYes(place, flags.yes, `rotate ${name}${mode}`);
      const report = await rotateValue(place, flags, name, {
        from,
        signal,
        onWarning: (text) => io.err(text),
        onAct: (step) => io.err(`      ${stepTexts[step].doing} ...`),
        onProgress: (text) => io.err(`      ${text}`),
        onStep: (step) => io.err(`ok    ${stepTexts[step].done}`),
      });
      const onRestart = (workload: string) => io.err(`      restarting ${workload} ...`);
      const restarts =
        restart && report.stuckAt === undefined
          ? await restartWorkloads(place.cluster, report.restarts, { timeoutInSeconds, signal, onRestart })
          : undefined;
      const result = { ...report, ...restarts, ...(restarts && { restarts: leftOf(report, restarts) }) };
      io.out(flags.json === true ? JSON.stringify(result, undefined, 2) : formatRotation(result, place.stack));
      return report.stuckAt === undefined && restarts?.stoppedAt === undefined ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};

/** Workloads that still run with the former value. */
function leftOf({ restarts }: RotationReport, { restarted }: RestartReport): readonly string[] {
  return restarts.filter((workload) => !restarted.includes(workload));
}

/** Progress of one step. */
export const stepTexts: Readonly<Record<RotationStep, { readonly doing: string; readonly done: string }>> = {
  "key-vault": { doing: "writing the value to Key Vault", done: "Key Vault holds the value" },
  vault: { doing: "running vault-bootstrap", done: "Vault holds the value" },
  "external-secret": {
    doing: "having External Secrets look again",
    done: "every Kubernetes Secret holds the value",
  },
  pods: {
    doing: "waiting for pods to restart",
    done: "no pod runs with the former value, but for those that a person restarts",
  },
};

/** What `rotate` prints at the end: the result, when each step had the value, and the commands that are left to run. */
export function formatRotation(
  {
    name,
    reached,
    restarts,
    follows,
    stuckAt,
    restarted = [],
    manual = [],
    stoppedAt,
  }: RotationReport & Partial<RestartReport>,
  stack: Expectation,
): string {
  const again = `ameide-secrets rotate ${name} --stack ${stack.name}${stack.name === "local" ? "" : " --yes"}`;
  const why = new Map(manual.map(({ workload, because }) => [workload, because]));
  const answer =
    stuckAt === undefined
      ? `${stack.name}: ${name} is the same at every step${restarts.length === 0 ? "" : `; ${restarts.length} to restart`}`
      : `${stack.name}: ${name} is stuck at ${stuckAt.step}: ${stuckAt.waitingFor.join(", ")}`;
  return [
    answer,
    ...(reached.length === 0
      ? []
      : [
          table(
            ["STEP", "AT"],
            reached.map(({ step, at }) => [step, at]),
          ),
        ]),
    ...restarted.map((workload) => `restarted, and ready: ${workload}`),
    ...restarts
      .filter((workload) => workload !== stoppedAt?.workload)
      .map(
        (workload) => `restart it: ${restartOf(workload, stack)}${why.has(workload) ? `, ${why.get(workload)}` : ""}`,
      ),
    ...follows.map((workload) => `reads it from a file, within two minutes: ${workload}`),
    ...(stuckAt === undefined ? [] : [`  fix: ameide-secrets doctor --stack ${stack.name}`]),
    ...(stoppedAt === undefined
      ? []
      : [
          `not ready: ${stoppedAt.workload}: ${stoppedAt.because}; nothing was restarted after it`,
          `  fix: ${rollout("undo", stoppedAt.workload, stack)}`,
          `  the former value comes back with: ${again} --rollback --restart`,
        ]),
    ...(restarts.some((workload) => rolloutOf(workload) !== undefined && !why.has(workload)) && stoppedAt === undefined
      ? [`  fix: ${again} --from-source --restart`]
      : []),
  ].join("\n");
}

/** `ameide-dev Deployment/langfuse` as a command; what no command restarts, such as a Job, as it is called. */
function restartOf(workload: string, stack: Expectation): string {
  return rolloutOf(workload) === undefined ? workload : rollout("restart", workload, stack);
}

function rollout(verb: "restart" | "undo", workload: string, stack: Expectation): string {
  return withNames(`kubectl --context <context> -n <namespace> rollout ${verb} <name>`, stack, rolloutOf(workload));
}
