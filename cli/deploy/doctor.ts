import { setTimeout as sleep } from "node:timers/promises";
import { isWhole, type Diagnosis } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import type { Snapshot } from "../../domain/snapshot.ts";
import type { Place } from "../access/place.ts";
import { ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { writeOutput } from "../write-output.ts";
import { formatDiagnosis } from "./diagnosis-words.ts";

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

/**
 * Looks, explains and prints. Each look of `watch` has ways of its own: a token of Vault lives five minutes, a
 * port-forward as long as its pod, and a Vault that is sealed now gives a token later.
 *
 * @returns `finding` where something is broken, or a secret could not be seen at every stage.
 * @throws AbortError when `signal` ends a watch.
 */
export async function runDoctor(options: DoctorOptions, io: Io): Promise<ExitCode> {
  const { watch = false, bundle, signal, pauseInSeconds = 5 } = options;
  for (;;) {
    const { diagnosis, snapshot } = await look(options);
    io.out(options.json === true ? asJson(diagnosis, watch) : formatDiagnosis(diagnosis, snapshot));
    if (bundle !== undefined) {
      writeOutput(bundle, `${JSON.stringify({ diagnosis, snapshot }, undefined, 2)}\n`);
      io.err(`written to ${bundle}`);
    }
    if (!watch) return isWhole(diagnosis) ? ExitCode.ok : ExitCode.finding;
    await sleep(pauseInSeconds * 1000, undefined, { signal });
  }
}

async function look({ open, prove = false }: DoctorOptions): Promise<{ diagnosis: Diagnosis; snapshot: Snapshot }> {
  const { stack, access, close } = await open();
  try {
    const snapshot = await observe(stack, access, { compareValues: prove });
    return { snapshot, diagnosis: explain(snapshot, stack) };
  } finally {
    await close();
  }
}

/** Of a watch one object a line, so that it can be read line by line. */
function asJson(diagnosis: Diagnosis, watch: boolean): string {
  return watch ? JSON.stringify(diagnosis) : JSON.stringify(diagnosis, undefined, 2);
}
