import { bootstrapExitCodes } from "../../domain/bootstrap-config.ts";
import { faultCells, faults, faultyServers, shownFaults, type FaultName } from "../../tests/faults/fault-table.ts";
import { callers, kubernetesCalls, logins, vaultCapabilities } from "../../tests/chain/isolation-table.ts";
import { table, type Page } from "../page.ts";

/** From the tables that the tests run. */
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

\`npm run proof\` does what takes too long for every test run: it kills vault-bootstrap 100 times, then one process of a local environment (the
command line, the engine, vault-bootstrap or one of the servers) at a random moment in each of 100 runs. After each it checks that no value is lost or
mixed and that a rerun completes, and it prints the times to recover. \`--rounds\` and \`--seed\` change and repeat it, \`--victim\` kills
one of them only; \`npm test\` runs a sample.

## Who may do what

Each line is checked in a running environment, with the accounts themselves. Only the first of these has a role in Vault:

${table(["login", ...callers], Object.entries(logins).map(([from, isAllowed]) => [from, ...callers.map(() => (isAllowed ? "allowed" : "refused"))]))}

What the token of each then may do there (Vault's own words; \`deny\` is nothing):

${table(["path", ...callers], Object.entries(vaultCapabilities).map(([path, by]) => [`\`${path}\``, ...callers.map((caller) => by[caller])]))}

What the Kubernetes account of vault-bootstrap may do:

${table(
  ["call", "object", "namespace", ""],
  kubernetesCalls.map(({ verb, resource, name, namespace, allowed }) => [
    `${verb} ${resource}`,
    name ?? "any",
    namespace ?? "its own",
    allowed ? "allowed" : "refused",
  ]),
)}

This page is generated from \`tests/faults/fault-table.ts\` and \`tests/chain/isolation-table.ts\`: edit there, then run \`node docs/generate.ts\`.
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
