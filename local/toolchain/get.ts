import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../../domain/user-error.ts";
import { ensurePieces } from "./ensure.ts";
import { pieces, type PieceName } from "./pieces.ts";

/**
 * `node local/toolchain/get.ts [NAME...]`: gets these pieces, or all, with progress on stderr. Prints the folders of
 * named pieces, for PATH.
 */
const aborted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => aborted.abort());
try {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} });
  const { pieces: states } = await ensurePieces(wanted(positionals), {
    signal: aborted.signal,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  for (const { piece, executable } of states) {
    if (positionals.includes(piece.name) && executable !== undefined) process.stdout.write(`${dirname(executable)}\n`);
  }
} catch (error) {
  if (!aborted.signal.aborted && !(error instanceof UserError)) throw error;
  process.stderr.write(`ameide-secrets: ${aborted.signal.aborted ? "interrupted" : (error as Error).message}\n`);
  process.exitCode = aborted.signal.aborted ? 130 : 2;
}

function wanted(asked: readonly string[]): readonly PieceName[] {
  const names = pieces.map(({ name }) => name);
  const unknown = asked.filter((name) => !names.some((one) => one === name));
  if (unknown.length > 0) {
    throw UserError.of(
      "local-toolchain-no-such-piece",
      `the toolchain does not contain ${unknown.join(", ")}`,
      `choose from: ${names.join(", ")}`,
    );
  }
  return asked.length === 0 ? names : names.filter((name) => asked.includes(name));
}
