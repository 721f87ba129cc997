import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags, yesOption } from "./options.ts";
import type { Expectation } from "../../diagnose/explain/view.ts";
import { withNames } from "../../diagnose/fill-names.ts";
import type { RotationReport, RotationStep } from "../../diagnose/rotation.ts";
import { table } from "../table.ts";

interface Flags extends PlaceFlags {
  readonly rollback?: boolean;
  readonly fromSource?: boolean;
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
    yesOption,
  ],
  examples: [
    "ameide-secrets rotate ghcr-token --stack local < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --yes < new-token",
    "ameide-secrets rotate ghcr-token --stack prod --from-source --yes",
    "ameide-secrets rotate ghcr-token --stack prod --rollback --yes",
  ],
  async run(flags, io, [name = ""], signal) {
    const [{ openPlace, requireYes }, { rotateValue }] = await Promise.all([
      import("../operate/place.ts"),
      import("../operate/rotate.ts"),
    ]);
    const { rollback = false, fromSource = false } = flags;
    if (rollback && fromSource) {
      const { UserError } = await import("../../domain/user-error.ts");
      throw UserError.of("usage", "--rollback and --from-source are two different values", "give one of them");
    }
    const from = rollback ? "former" : fromSource ? "source" : "input";
    const place = await openPlace({ ...flags, readsValues: true });
    try {
      const mode = rollback ? " --rollback" : fromSource ? " --from-source" : "";
      requireYes(place, flags.yes, `rotate ${name}${mode}`);
      const report = await rotateValue(place, flags, name, {
        from,
        signal,
        onWarning: (text) => io.err(text),
        onAct: (step) => io.err(`      ${stepTexts[step].doing} ...`),
        onProgress: (text) => io.err(`      ${text}`),
        onStep: (step) => io.err(`ok    ${stepTexts[step].done}`),
      });
      io.out(flags.json === true ? JSON.stringify(report, undefined, 2) : formatRotation(report, place.stack));
      return report.stuckAt === undefined ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};

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
  { name, reached, restarts, follows, stuckAt }: RotationReport,
  stack: Expectation,
): string {
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
    ...restarts.map((workload) => `restart it: ${restartOf(workload, stack)}`),
    ...follows.map((workload) => `reads it from a file, within two minutes: ${workload}`),
    ...(stuckAt === undefined ? [] : [`  fix: ameide-secrets doctor --stack ${stack.name}`]),
  ].join("\n");
}

const restartable = /^(?<namespace>\S+) (?<name>(?:Deployment|StatefulSet|DaemonSet)\/\S+)$/;

/** `ameide-dev Deployment/langfuse` as a command; what no command restarts, such as a Job, as it is called. */
function restartOf(workload: string, stack: Expectation): string {
  const { namespace, name } = restartable.exec(workload)?.groups ?? {};
  if (namespace === undefined || name === undefined) return workload;
  const command = "kubectl --context <context> -n <namespace> rollout restart <name>";
  return withNames(command, stack, { namespace, name: name.toLowerCase() });
}
