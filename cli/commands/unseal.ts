import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { placeOptions, type PlaceFlags } from "./options.ts";
import { credentialsSecret } from "../../domain/names.ts";

interface Flags extends PlaceFlags {
  readonly confirm?: string;
  readonly reason?: string;
}

const confirmOptions = [
  { flags: "--confirm <stack>", summary: "repeat the name of the stack to make the change; otherwise it is a dry run" },
  {
    flags: "--reason <text>",
    summary: "why; recorded in an Event in the namespace; required on every stack except local",
  },
] as const;

export const unseal: Command<Flags> = {
  name: "unseal",
  summary: `unseal Vault with the key in ${credentialsSecret}; a dry run without --confirm`,
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
  summary: "restore the configuration of Vault's Kubernetes auth: no pinned reviewer token",
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
  summary: `revoke the root token in ${credentialsSecret} and remove it; the unseal key stays and can generate new ones`,
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
  fix: typeof import("../operate/vault-repairs.ts").unsealVault,
): Promise<ExitCode> {
  const [{ openPlace }, { confirmation, isConfirmed }] = await Promise.all([
    import("../operate/place.ts"),
    import("../operate/vault-repairs.ts"),
  ]);
  const place = await openPlace(flags);
  try {
    const change = isConfirmed(place, flags);
    const result = await fix(place, { change, reason: flags.reason ?? "no reason given" });
    io.out(flags.json === true ? JSON.stringify(result) : [result.found, result.did].join("\n"));
    if (!change && result.needed) {
      io.err(`nothing was changed\n  fix: run the same command with ${confirmation(place)}`);
      return ExitCode.finding;
    }
    return ExitCode.ok;
  } finally {
    await place.close();
  }
}
