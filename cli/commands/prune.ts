import { localHomeOptions } from "../access/local-home-options.ts";
import { command } from "../command.ts";
import { table } from "../table.ts";
import { confirmOption, jsonOption } from "./options.ts";

export const prune = command({
  name: "prune",
  summary: "delete a secret that the catalogue marks as retired; without --yes it only shows where the secret exists",
  arguments: [{ name: "<name>", summary: "a name under retired in the catalogue, such as env-ghcr-token" }],
  options: [
    {
      flags: "--stack <name>",
      summary: "shared: Key Vault; an environment: its Vault; local: both",
      choices: ["shared", "dev", "staging", "prod", "local"],
      default: "shared",
    },
    confirmOption,
    jsonOption,
    ...localHomeOptions,
  ],
  examples: ["ameide-secrets prune env-ghcr-token", "ameide-secrets prune env-ghcr-token --stack dev --yes"],
  async run({ yes = false, ...flags }, { io, args: [name = ""] }) {
    const { pruneFor } = await import("../operate/prune.ts");
    const rows = await pruneFor({ ...flags, name, yes });
    const verdicts = { goes: yes ? "deleted" : "would be deleted", absent: "not found", kept: "kept" };
    const cells = rows.map(({ where, name: found, verdict, reason }) => [
      where,
      found,
      reason === undefined ? verdicts[verdict] : `${verdicts[verdict]}: ${reason}`,
    ]);
    const text = table(["WHERE", "NAME", "VERDICT"], cells, io.columns);
    return {
      json: rows,
      text,
      unconfirmed: !yes && rows.some(({ verdict }) => verdict === "goes") ? "--yes" : undefined,
    };
  },
});
