import { homeOf, localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";

export const localDown = command({
  name: "local down",
  summary: "stop the local environment; --delete also removes its data",
  options: [
    ...localHomeOptions,
    { flags: "--delete", summary: "also remove the data: cluster, Vault, Key Vault and Pulumi state" },
  ],
  examples: ["ameide-secrets local down", "ameide-secrets local down --delete"],
  async run(flags) {
    const { localDown: stop } = await import("../../local/servers/stop.ts");
    return { text: await stop(await homeOf(flags), { delete: flags.delete === true }) };
  },
});
