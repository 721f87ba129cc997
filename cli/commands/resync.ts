import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./place-options.ts";
import { yesOption } from "./stack-options.ts";

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
      summary: "only here; may be given several times (default: every namespace of the stack)",
      repeatable: true,
    },
    { flags: "--name <name>", summary: "only this ExternalSecret; may be given several times", repeatable: true },
    { flags: "--timeout <seconds>", summary: "for the stores, and again for the ExternalSecrets", default: "60" },
    yesOption,
  ],
  examples: [
    "ameide-secrets resync --stack local",
    "ameide-secrets resync --stack dev --namespace ameide-dev --name ghcr-pull-sync --yes",
  ],
  async run(flags, io, _args, signal) {
    const [{ openPlace, requireYes }, { namespacesOf }, library] = await Promise.all([
      import("../access/place.ts"),
      import("../../diagnose/observe/observe.ts"),
      import("../../diagnose/resync.ts"),
    ]);
    const place = await openPlace(flags);
    try {
      requireYes(place, flags.yes, "resync");
      const result = await library.resync(place.cluster, {
        namespaces: flags.namespace ?? namespacesOf(place.stack),
        ...(flags.name === undefined ? {} : { names: flags.name }),
        timeoutInSeconds: Number(flags.timeout),
        signal,
        onProgress: ({ kind, done, total }) => io.err(`${kind}: ${done} of ${total} ready`),
      });
      if (flags.json === true) {
        io.out(JSON.stringify(result, undefined, 2));
      } else {
        for (const { object, message } of result.notReady) io.out(`not ready: ${object}: ${message}`);
        io.out(result.changed.length === 0 ? "no Secret changed" : `changed: ${result.changed.join(", ")}`);
      }
      return result.notReady.length === 0 ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};
