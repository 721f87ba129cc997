import { UserError } from "../../domain/user-error.ts";
import { ensureToolchain, formatToolchainProgress } from "./ensure.ts";

/** `node local/toolchain/get.ts`: gets what is missing, as `npm test` needs it, with progress on stderr. */
const tellEveryInSeconds = 15;

const aborted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => aborted.abort());
try {
  await ensureToolchain({
    signal: aborted.signal,
    onProgress: (progress) => {
      if (progress.phase === "working" && progress.elapsedInSeconds % tellEveryInSeconds !== 0) return;
      process.stderr.write(`${formatToolchainProgress(progress)}\n`);
    },
  });
} catch (error) {
  if (!aborted.signal.aborted && !(error instanceof UserError)) throw error;
  process.stderr.write(`ameide-secrets: ${aborted.signal.aborted ? "interrupted" : (error as Error).message}\n`);
  process.exitCode = aborted.signal.aborted ? 130 : 2;
}
