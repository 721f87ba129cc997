import { setTimeout as sleep } from "node:timers/promises";
import { isWhole, type Diagnosis } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import type { Snapshot } from "../../diagnose/snapshot.ts";
import { UserError } from "../../domain/user-error.ts";
import type { Place } from "./place.ts";
import { ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { version } from "../version.ts";
import { writeOutput } from "../files.ts";
import { formatClosing, formatDiagnosis } from "./format-diagnosis.ts";

export interface DoctorOptions {
  /** Opens the place for one look; it is closed after it. */
  readonly open: () => Promise<Pick<Place, "stack" | "access" | "close">>;
  /** Whether values are read and compared. @default false */
  readonly prove?: boolean;
  /** Whether it looks again and again, until `signal`. @default false */
  readonly watch?: boolean;
  readonly json?: boolean;
  /** File for what was seen and found. @default - none is written */
  readonly bundle?: string;
  readonly signal: AbortSignal;
  /** Between two looks of `watch`. @default 5 */
  readonly pauseInSeconds?: number;
}

interface Look {
  readonly diagnosis: Diagnosis;
  readonly snapshot: Snapshot;
}

/**
 * Looks, explains and prints. Each look of `watch` has ways of its own: a token of Vault lives five minutes, a
 * port-forward as long as its pod, and a Vault that is sealed now gives a token later. Of a watch the whole is printed when
 * it is another than before, else one line with the time: what changed stays in sight, and nothing flickers.
 *
 * @returns `finding` where something is broken, or a secret could not be seen at every stage.
 * @throws AbortError when `signal` ends it.
 */
export async function runDoctor(options: DoctorOptions, io: Io): Promise<ExitCode> {
  const { watch = false, bundle, signal, pauseInSeconds = 5 } = options;
  let before: string | undefined;
  for (;;) {
    const seen = await look(options).catch((error: unknown) => {
      // what could be opened once may be away for a while, such as a kubeconfig that is being written
      if (before === undefined || !(error instanceof UserError)) throw error;
      io.err(`ameide-secrets: ${error.message}`);
      return undefined;
    });
    signal.throwIfAborted();
    if (seen !== undefined) {
      const now = gist(seen.diagnosis);
      tell(seen, now === before, options, io);
      if (bundle !== undefined) {
        writeOutput(bundle, bundled(seen));
        if (now !== before) io.err(`written to ${bundle}`);
      }
      before = now;
      if (!watch) return isWhole(seen.diagnosis) ? ExitCode.ok : ExitCode.finding;
    }
    await sleep(pauseInSeconds * 1000, undefined, { signal });
  }
}

async function look({ open, prove = false }: DoctorOptions): Promise<Look> {
  const { stack, access, close } = await open();
  try {
    const snapshot = await observe(stack, access, { compareValues: prove });
    return { snapshot, diagnosis: explain(snapshot, stack) };
  } finally {
    await close();
  }
}

function tell(
  { diagnosis, snapshot }: Look,
  isSame: boolean,
  { watch = false, json = false }: DoctorOptions,
  io: Io,
): void {
  // of a watch one object a line, so that it can be read line by line
  if (json) io.out(watch ? JSON.stringify(diagnosis) : JSON.stringify(diagnosis, undefined, 2));
  else if (!watch) io.out(formatDiagnosis(diagnosis, snapshot, io.columns));
  else {
    const at = diagnosis.takenAt.replace("T", " ").replace(/\.\d+Z$/, " UTC");
    io.out(
      isSame
        ? `${at}  unchanged: ${formatClosing(diagnosis, snapshot)}`
        : `${at}\n\n${formatDiagnosis(diagnosis, snapshot, io.columns)}\n`,
    );
  }
}

/** What makes two looks differ for people: not the seconds that a cause has lasted. */
function gist({ causes, secrets, keycloak }: Diagnosis): string {
  const told = causes.map(({ code, evidence, secrets: of }) => [code, evidence.map(({ where }) => where), of]);
  return JSON.stringify([told, secrets, keycloak]);
}

/** What was seen and found, and by what: whoever reads the ticket has no terminal at hand. */
function bundled({ diagnosis, snapshot }: Look): string {
  const program = { name: "ameide-secrets", version: version(), node: process.version };
  return `${JSON.stringify({ program, diagnosis, snapshot }, undefined, 2)}\n`;
}
