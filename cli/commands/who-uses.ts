import { describeFailure } from "../../diagnose/snapshot.ts";
import type { Consumer, Uses } from "../../diagnose/who-uses.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { observed, stackOptions } from "./options.ts";

export const whoUses = command({
  name: "who-uses",
  summary: "list everything that reads one secret, and how each reader gets a new value",
  arguments: [{ name: "<name>", summary: "secret of the catalogue, such as ghcr-token" }],
  options: stackOptions,
  examples: ["ameide-secrets who-uses ghcr-token --stack prod"],
  async run(flags, { io, args: [name = ""] }) {
    const library = await import("../../diagnose/who-uses.ts");
    const { stack, snapshot } = await observed(flags);
    const uses = library.whoUses(snapshot, stack, name);
    return { json: uses, text: formatUses(name, uses, io.columns), ok: uses.unseen.length === 0 };
  },
});

const waysToANewValue: Readonly<Record<Consumer["afterChange"], string>> = {
  follows: "automatically, within two minutes",
  "next-run": "automatically, at its next run",
  "next-pull": "automatically, at the next image pull",
  "restarts-itself": "by Reloader",
  restart: "by rotate --restart",
  manual: "manually",
};

/** What `who-uses` prints; "no workload" only if all of them could be read. */
export function formatUses(name: string, { uses, unseen }: Uses, columns?: number): string {
  if (uses.length === 0 && unseen.length === 0) return `${name}: nothing in this environment reads it`;
  const none = unseen.length === 0 ? "  no workload reads it" : "  its readers are unknown";
  const blocks = uses.map(({ namespace, secret, kind, externalSecret, keys, isOurs, serviceAccounts, consumers }) => {
    const rows = consumers.map(({ workload, by, afterChange }) => [
      workload,
      by.join(", "),
      waysToANewValue[afterChange],
    ]);
    return [
      isOurs
        ? `${namespace}/${secret} (${externalSecret}): ${keys.join(", ")}`
        : `${kind === undefined ? "" : `${kind} `}${namespace}/${secret} (${externalSecret}, created by something else)`,
      ...(serviceAccounts.length === 0 ? [] : [`  image pulls by: ${serviceAccounts.join(", ")}`]),
      ...(kind === undefined ? [] : ["  not a Secret (target.manifest): its readers are unknown"]),
      ...(kind === undefined
        ? [rows.length === 0 ? none : table(["WORKLOAD", "BY", "GETS A NEW VALUE"], rows, columns)]
        : []),
    ].join("\n");
  });
  return [...blocks, ...unseen.map((failure) => `${name}: ${describeFailure(failure)}`)].join("\n\n");
}
