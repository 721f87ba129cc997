import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags, yesOption } from "./options.ts";

interface Flags extends PlaceFlags {
  readonly follow?: boolean;
  readonly dryRun?: boolean;
  readonly timeout: string;
  readonly yes?: boolean;
}

export const bootstrapRun: Command<Flags> = {
  name: "bootstrap run",
  summary: "run vault-bootstrap once, with the CronJob's own pod template",
  options: [
    ...placeOptions,
    { flags: "--follow", summary: "print its log while it runs" },
    { flags: "--dry-run", summary: "start a Job that prints what it would write and writes nothing" },
    { flags: "--timeout <seconds>", summary: "how long to wait until it ends", default: "300" },
    yesOption,
  ],
  examples: [
    "ameide-secrets bootstrap run --stack local --follow",
    "ameide-secrets bootstrap run --stack dev --dry-run --yes",
  ],
  async run(flags, io, _args, signal) {
    const [{ openPlace, requireYes }, { lastWords, noticesOf, plannedWrites, runBootstrap }, { secondsOf }] =
      await Promise.all([import("../operate/place.ts"), import("../access/bootstrap-job.ts"), import("../seconds.ts")]);
    const timeoutInSeconds = secondsOf("--timeout", flags.timeout);
    const place = await openPlace(flags);
    try {
      requireYes(place, flags.yes, flags.dryRun === true ? "bootstrap run --dry-run" : "bootstrap run");
      const tell = (text: string) => io.err(text);
      const { cause, job, succeeded, log } = await runBootstrap(place.cluster, place.stack, {
        purpose: "manual",
        flags: flags.dryRun === true ? ["--dry-run"] : [],
        timeoutInSeconds,
        signal,
        tell,
        onLine: flags.follow === true ? tell : undefined,
      });
      if (flags.json === true) io.out(JSON.stringify({ job, cause, succeeded }));
      else if (succeeded) {
        io.out([`${job}: ok`, ...noticesOf(log)].join("\n"));
        if (flags.dryRun === true) io.out(plannedWrites(log, place.stack.vault.mount));
      } else {
        const { said, fix } = lastWords(log);
        io.out(`${job}: ${cause}: ${said}\n  fix: ${fix.replaceAll("<stack>", place.stack.name)}`);
      }
      return succeeded ? ExitCode.ok : ExitCode.finding;
    } finally {
      await place.close();
    }
  },
};

export const bootstrapLogs: Command<PlaceFlags> = {
  name: "bootstrap logs",
  summary: "print the log of vault-bootstrap's last run",
  options: placeOptions,
  examples: ["ameide-secrets bootstrap logs --stack dev"],
  async run(flags, io) {
    const [{ openPlace }, { lastBootstrapLog }] = await Promise.all([
      import("../operate/place.ts"),
      import("../access/bootstrap-job.ts"),
    ]);
    const place = await openPlace(flags);
    try {
      const last = await lastBootstrapLog(place.cluster, place.stack);
      if (last === undefined) {
        io.err(
          `found no pod of ${place.stack.bootstrap.name} in ${place.stack.namespace}\n  fix: ameide-secrets bootstrap run --stack ${flags.stack} --follow`,
        );
        return ExitCode.finding;
      }
      io.out(flags.json === true ? JSON.stringify(last) : last.log.trimEnd());
      return ExitCode.ok;
    } finally {
      await place.close();
    }
  },
};
