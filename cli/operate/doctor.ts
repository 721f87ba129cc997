import { setTimeout as sleep } from "node:timers/promises";
import { isWhole, type Diagnosis } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import { UserError } from "../../domain/user-error.ts";
import type { ConnectedStack } from "./connected-stack.ts";
import type { Result } from "../command.ts";
import type { Io } from "../io.ts";
import { version } from "../spelling.ts";
import { writeOutput } from "../files.ts";
import { formatClosing, formatDiagnosis } from "./format-diagnosis.ts";

export interface DoctorOptions {
  /** Opens the environment for one check; it is closed after it. */
  readonly open: () => Promise<Pick<ConnectedStack, "stack" | "access" | "close">>;
  /** Whether values are read and compared. @default false */
  readonly prove?: boolean;
  /** Whether it checks again and again, until `signal`. @default false */
  readonly watch?: boolean;
  readonly json?: boolean;
  /** File for what was seen and found. @default - none is written */
  readonly bundle?: string;
  readonly signal: AbortSignal;
  /** Between two checks of `watch`. @default 5 */
  readonly pauseInSeconds?: number;
}

/**
 * Each check of `watch` opens the environment again: a Vault token lives five minutes, a port-forward as long as its pod,
 * and a Vault that is sealed now gives a token later. A diagnosis that did not change is one line with the time.
 *
 * @returns not ok if something is broken, or a secret could not be checked at every stage.
 * @throws AbortError when `signal` ends it.
 */
export async function runDoctor(options: DoctorOptions, io: Io): Promise<Result> {
  const { watch = false, bundle, signal, pauseInSeconds = 5 } = options;
  let before: string | undefined;
  for (;;) {
    const checked = await check(options).catch((error: unknown) => {
      // what could be opened once may be away for a while, such as a kubeconfig that is being written
      if (before === undefined || !(error instanceof UserError)) throw error;
      io.err(`ameide-secrets: ${error.message}`);
      return undefined;
    });
    signal.throwIfAborted();
    if (checked !== undefined) {
      const now = comparable(checked.diagnosis);
      const next = bundle !== undefined && now !== before ? `written to ${bundle}` : undefined;
      if (bundle !== undefined) writeOutput(bundle, bundled(checked));
      if (!watch) {
        const { diagnosis, snapshot } = checked;
        return { json: diagnosis, text: formatDiagnosis(diagnosis, snapshot), ok: isWhole(diagnosis), next };
      }
      io.out(watched(checked, now === before, options.json === true));
      if (next !== undefined) io.err(next);
      before = now;
    }
    await sleep(pauseInSeconds * 1000, undefined, { signal });
  }
}

type Checked = Awaited<ReturnType<typeof check>>;

async function check({ open, prove = false }: DoctorOptions) {
  const { stack, access, close } = await open();
  try {
    const snapshot = await observe(stack, access, { compareValues: prove });
    return { snapshot, diagnosis: explain(snapshot, stack) };
  } finally {
    await close();
  }
}

function watched({ diagnosis, snapshot }: Checked, isSame: boolean, json: boolean): string {
  if (json) return JSON.stringify(diagnosis); // one object per line
  const at = diagnosis.takenAt.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return isSame
    ? `${at}  unchanged: ${formatClosing(diagnosis, snapshot)}`
    : `${at}\n\n${formatDiagnosis(diagnosis, snapshot)}\n`;
}

/** What makes two diagnoses differ for people: not the seconds that a cause has lasted. */
function comparable({ causes, secrets, keycloak }: Diagnosis): string {
  const shown = causes.map((cause) => [cause.code, cause.evidence.map(({ where }) => where), cause.secrets]);
  return JSON.stringify([shown, secrets, keycloak]);
}

/** Names the program as well: whoever reads the ticket cannot ask for its version. */
function bundled({ diagnosis, snapshot }: Checked): string {
  const program = { name: "ameide-secrets", version: version(), node: process.version };
  return `${JSON.stringify({ program, diagnosis, snapshot }, undefined, 2)}\n`;
}
