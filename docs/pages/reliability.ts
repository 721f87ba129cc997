import { bootstrapExitCodes } from "../../domain/bootstrap-config.ts";
import { faultCells, faults, faultyServers, shownFaults, type FaultName } from "../../tests/faults/fault-table.ts";
import { table, type Page } from "../page.ts";

/** `docs/reliability.md`: what each fault does, from the tables that the tests run. */
export const reliability: Page = { path: "docs/reliability.md", render };

function render(): string {
  return `# Reliability

For platform engineers who want to know what happens when a server fails, before it does. Each line is a test: the tables are
the data that the suites run.

## vault-bootstrap

Each cell is one run on a real API server, OpenBao and the Azure stand-in, with two secrets whose values changed in Key Vault. It shows the
cause that the run reports, its exit code ([what each means](exit-codes.md#vault-bootstrap)), and which values Vault holds afterwards: all old, or all new. In every
cell the next run without the fault exits with 0, and Vault holds the new values. \`npm test -- tests/faults/faults.test.ts\` runs all ${faultCells.length}.

${table(["fault", ...faultyServers], (Object.keys(faults) as FaultName[]).map(row))}

A silent server is ended by the deadline of the run (\`terminated\`); a write that was begun is not broken off, and has a limit of 30 s.

${table(
  ["fault", "what it is"],
  Object.entries(faults).map(([name, text]) => [name, text]),
)}

## Commands, kills and the local environment

${table(
  ["what happens", "what you see", "exit code", "state afterwards", "the next run", "test"],
  shownFaults.map(({ what, seen, exitCode, afterwards, next, shownBy: [file] }) => [
    what,
    seen,
    String(exitCode),
    afterwards,
    next,
    `[\`${file.split("/").slice(-2).join("/")}\`](../${file})`,
  ]),
)}

This page is generated from \`tests/faults/fault-table.ts\`: edit there, then run \`node docs/generate.ts\`.
`;
}

function row(fault: FaultName): readonly string[] {
  const cells = faultyServers.map((server) => {
    const cell = faultCells.find((one) => one.server === server && one.fault === fault);
    if (cell === undefined) return "";
    return cell.cause === "ok" ? `0, ${cell.after}` : `\`${cell.cause}\` ${bootstrapExitCodes[cell.cause]}, ${cell.after}`;
  });
  return [fault, ...cells];
}
