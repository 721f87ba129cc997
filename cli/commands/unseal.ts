import { credentialsSecret } from "../../domain/names.ts";
import { command, type Command } from "../command.ts";
import { stackOptions, withConnectedStack } from "./options.ts";

type Repairs = typeof import("../operate/vault-repairs.ts");

export const unseal = repairCommand(
  "unseal",
  `unseal Vault with the key in ${credentialsSecret}; a dry run without --confirm`,
  '--stack dev --confirm dev --reason "node was replaced"',
  ({ unsealVault }) => unsealVault,
);

export const reconfigureAuth = repairCommand(
  "reconfigure-auth",
  "restore the configuration of Vault's Kubernetes auth: no pinned reviewer token",
  '--stack dev --confirm dev --reason "reviewer token expired"',
  ({ reconfigureKubernetesAuth }) => reconfigureKubernetesAuth,
);

export const revokeRoot = repairCommand(
  "revoke-root",
  `revoke the root token in ${credentialsSecret} and remove it; the unseal key stays and can generate new ones`,
  '--stack staging --confirm staging --reason "no stored root token"',
  ({ revokeStoredRootToken }) => revokeStoredRootToken,
);

/** A change of Vault that its stack's name confirms. @param example - options of a confirmed one */
function repairCommand(
  name: string,
  summary: string,
  example: string,
  choose: (repairs: Repairs) => Repairs["unsealVault"],
): Command {
  return command({
    name,
    summary,
    options: [
      ...stackOptions,
      {
        flags: "--confirm <stack>",
        summary: "repeat the name of the stack to make the change; otherwise it is a dry run",
      },
      {
        flags: "--reason <text>",
        summary: "why; recorded in an Event in the namespace; required on every stack except local",
      },
    ],
    examples: [`ameide-secrets ${name} ${example.replace(/ --confirm .*/, "")}`, `ameide-secrets ${name} ${example}`],
    async run(flags) {
      const repairs = await import("../operate/vault-repairs.ts");
      return withConnectedStack(flags, async (connected) => {
        const change = repairs.isConfirmed(connected, flags);
        const result = await choose(repairs)(connected, { change, reason: flags.reason ?? "no reason given" });
        const unconfirmed = change || !result.needed ? undefined : repairs.confirmation(connected);
        return { json: result, text: `${result.found}\n${result.did}`, unconfirmed };
      });
    },
  });
}
