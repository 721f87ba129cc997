import type { ResyncResult } from "../../diagnose/resync.ts";
import { describeFailure } from "../../diagnose/snapshot.ts";
import { command } from "../command.ts";
import { stackOptions, timeoutOption, withConnectedStack, yesOption } from "./options.ts";

export const resync = command({
  name: "resync",
  summary: "make External Secrets sync again now, stores first, and wait until each object has synced",
  options: [
    ...stackOptions,
    {
      flags: "--namespace <name>",
      summary: "only here; can be repeated (default: every namespace of the stack)",
      repeatable: true,
    },
    { flags: "--name <name>", summary: "only this ExternalSecret; can be repeated", repeatable: true },
    { ...timeoutOption, summary: "for the stores, and again for the ExternalSecrets", default: 60 },
    yesOption,
  ],
  examples: [
    "ameide-secrets resync --stack local",
    "ameide-secrets resync --stack dev --namespace ameide-dev --name ghcr-pull-sync --yes",
  ],
  async run(flags, { io, signal, again }) {
    const [{ requireYes }, { namespacesOf }, library] = await Promise.all([
      import("../operate/connected-stack.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/resync.ts"),
    ]);
    return withConnectedStack(flags, async (connected) => {
      const { name } = connected.stack;
      const known = namespacesOf(connected.stack);
      const { namespace: namespaces = known, name: names, timeout: timeoutInSeconds } = flags;
      library.refuseUnknown("namespace", namespaces, known, name);
      requireYes(connected, flags.yes, again);
      const result = await library.resync(connected.cluster, {
        namespaces,
        ...(names === undefined ? {} : { names }),
        timeoutInSeconds,
        signal,
        onProgress: ({ kind, done, total }) => io.err(`${kind}: ${done} of ${total} ready`),
      });
      return { json: result, text: formatResync(result, name), ok: result.notReady.length === 0 };
    });
  },
});

/** Prints "no Secret changed" only where all of them were seen. `stack` is for the fix. */
export function formatResync({ counts, notReady, changed, unseen }: ResyncResult, stack: string): string {
  const { stores, "external-secrets": synced } = counts;
  const none = unseen.length === 0 ? ["no Secret changed"] : [];
  return [
    synced.total === 0
      ? `${stack}: no ExternalSecret to resync`
      : `${stack}: ${synced.done} of ${synced.total} ExternalSecrets synced, ${stores.done} of ${stores.total} stores Ready`,
    ...notReady.map(({ object, message }) => `not ready: ${object}: ${message}`),
    ...(changed.length === 0 ? none : [`changed: ${changed.join(", ")}`]),
    ...unseen.map((failure) => `whether a Secret changed ${describeFailure(failure)}`),
    ...(notReady.length === 0 ? [] : [`  fix: ameide-secrets doctor --stack ${stack}`]),
  ].join("\n");
}
