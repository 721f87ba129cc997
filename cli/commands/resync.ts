import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags, yesOption } from "./options.ts";
import type { ResyncResult } from "../../diagnose/resync.ts";
import { describeFailure } from "../../diagnose/snapshot.ts";

interface Flags extends PlaceFlags {
  readonly namespace?: readonly string[];
  readonly name?: readonly string[];
  readonly timeout: string;
  readonly yes?: boolean;
}

export const resync: Command<Flags> = {
  name: "resync",
  summary: "make External Secrets look again, stores first, and wait until each has synced after that",
  options: [
    ...placeOptions,
    {
      flags: "--namespace <name>",
      summary: "only here; can be repeated (default: every namespace of the stack)",
      repeatable: true,
    },
    { flags: "--name <name>", summary: "only this ExternalSecret; can be repeated", repeatable: true },
    { flags: "--timeout <seconds>", summary: "for the stores, and again for the ExternalSecrets", default: "60" },
    yesOption,
  ],
  examples: [
    "ameide-secrets resync --stack local",
    "ameide-secrets resync --stack dev --namespace ameide-dev --name ghcr-pull-sync --yes",
  ],
  async run(flags, io, _args, signal) {
    const [{ openPlace, requireYes }, { namespacesOf }, library, { refuseUnknown }, { secondsOf }] = await Promise.all([
      import("../operate/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/resync.ts"),
      import("../../diagnose/resync.ts"),
      import("../seconds.ts"),
    ]);
    const timeoutInSeconds = secondsOf("--timeout", flags.timeout);
    const place = await openPlace(flags);
    try {
      const namespaces = namespacesOf(place.stack);
      refuseUnknown("namespace", flags.namespace ?? [], namespaces, place.stack.name);
      const only = (option: string, names: readonly string[] = []) => names.map((one) => ` ${option} ${one}`).join("");
      requireYes(place, flags.yes, `resync${only("--namespace", flags.namespace)}${only("--name", flags.name)}`);
      const result = await library.resync(place.cluster, {
        namespaces: flags.namespace ?? namespaces,
        ...(flags.name === undefined ? {} : { names: flags.name }),
        timeoutInSeconds,
        signal,
        onProgress: ({ kind, done, total }) => io.err(`${kind}: ${done} of ${total} ready`),
      });
      io.out(flags.json === true ? JSON.stringify(result, undefined, 2) : formatResync(result, place.stack.name));
      return result.notReady.length === 0 ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};

/**
 * What `resync` prints: how many have synced, which have not and why, what changed. It prints "no Secret changed" only
 * where all of them were seen.
 *
 * @param stack - for the repair.
 */
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
