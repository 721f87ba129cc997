import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";
import { credentialsSecret } from "../../domain/names.ts";

interface Flags extends PlaceFlags {
  readonly confirm?: string;
  readonly reason?: string;
}

const confirmOptions = [
  { flags: "--confirm <stack>", summary: "the stack's name once more; without it nothing is changed (dry run)" },
  {
    flags: "--reason <text>",
    summary: "why; it stands in the Event that is left in the namespace; needed on every stack but local",
  },
] as const;

export const unseal: Command<Flags> = {
  name: "unseal",
  summary: `unseal Vault with the key in ${credentialsSecret}; a dry run until the stack's name is typed once more`,
  options: [...placeOptions, ...confirmOptions],
  examples: [
    "ameide-secrets unseal --stack dev",
    'ameide-secrets unseal --stack dev --confirm dev --reason "node was replaced"',
  ],
  async run(flags, io) {
    const { unsealVault } = await import("../operate/vault-repairs.ts");
    return repair(flags, io, unsealVault);
  },
};

export const reconfigureAuth: Command<Flags> = {
  name: "reconfigure-auth",
  summary: "put Vault's Kubernetes auth back to what the program makes of it: no pinned reviewer token",
  options: [...placeOptions, ...confirmOptions],
  examples: [
    "ameide-secrets reconfigure-auth --stack dev",
    'ameide-secrets reconfigure-auth --stack dev --confirm dev --reason "reviewer token expired"',
  ],
  async run(flags, io) {
    const { reconfigureKubernetesAuth } = await import("../operate/vault-repairs.ts");
    return repair(flags, io, reconfigureKubernetesAuth);
  },
};

export const revokeRoot: Command<Flags> = {
  name: "revoke-root",
  summary: `end the root token in ${credentialsSecret} and remove it; the unseal key stays and generates new ones`,
  options: [...placeOptions, ...confirmOptions],
  examples: [
    "ameide-secrets revoke-root --stack staging",
    'ameide-secrets revoke-root --stack staging --confirm staging --reason "no stored root token"',
  ],
  async run(flags, io) {
    const { revokeStoredRootToken } = await import("../operate/revoke-root.ts");
    return repair(flags, io, revokeStoredRootToken);
  },
};

async function repair(
  flags: Flags,
  io: Parameters<typeof unseal.run>[1],
  mend: typeof import("../operate/vault-repairs.ts").unsealVault,
): Promise<ExitCode> {
  const [{ openPlace }, { confirmation, isConfirmed }] = await Promise.all([
    import("../operate/place.ts"),
    import("../operate/vault-repairs.ts"),
  ]);
  const place = await openPlace(flags);
  try {
    const change = isConfirmed(place, flags);
    const result = await mend(place, { change, reason: flags.reason ?? "no reason given" });
    io.out(flags.json === true ? JSON.stringify(result) : [result.found, result.did].join("\n"));
    if (!change && result.needed) {
      io.err(`nothing was changed\n  fix: the same command with ${confirmation(place)}`);
      return ExitCode.finding;
    }
    return ExitCode.ok;
  } finally {
    await place.close();
  }
}
