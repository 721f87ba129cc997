import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { homeOf, localHomeOptions, type LocalHomeFlags } from "../access/local-home-options.ts";

interface Flags extends LocalHomeFlags {
  readonly delete?: boolean;
}

export const localDown: Command<Flags> = {
  name: "local down",
  summary: "stop the local environment; --delete also removes its data",
  options: [
    ...localHomeOptions,
    { flags: "--delete", summary: "also remove the data: cluster, Vault, Key Vault and Pulumi state" },
  ],
  examples: ["ameide-secrets local down", "ameide-secrets local down --delete"],
  async run(flags, io) {
    const home = await homeOf(flags);
    const { localDown: stop } = await import("../../local/servers/stop.ts");
    io.out(await stop(home, { delete: flags.delete === true }));
    return ExitCode.ok;
  },
};
