import type { TokenAuthority } from "./access-token.ts";
import type { federation } from "./federation.ts";
import type { RateWindow } from "./rate-window.ts";
import type { StateWriter } from "./state-file.ts";
import type { AzureState } from "./state.ts";
import { z } from "zod";

/** The defaults are Azure's published figures, or no delay. */
export const settingsSchema = z.strictObject({
  /** How long a federated credential or role assignment exists before it works; minutes in Azure. */
  propagationInSeconds: z.number().min(0).default(0),
  /** Duration of a write of a federated credential; an overlapping write on the same identity is refused. */
  federatedWriteInMilliseconds: z.number().min(0).default(20),
  /** Whether calls over the limits get a 429. */
  throttling: z.boolean().default(true),
  /** Without creations. @see https://learn.microsoft.com/azure/key-vault/general/service-limits */
  transactionsPer10Seconds: z.int().min(1).default(4000),
  creationsPer10Seconds: z.int().min(1).default(300),
  /** Azure's tokens are valid for 60 to 90 minutes. */
  accessTokenInSeconds: z.int().min(1).default(3600),
});

export type StandInSettings = z.infer<typeof settingsSchema>;

export interface AzureContext {
  readonly state: AzureState;
  readonly writer: StateWriter;
  readonly settings: StandInSettings;
  readonly authority: TokenAuthority;
  readonly verifyAssertion: ReturnType<typeof federation>;
  /** Of Key Vault's limits; a changed limit begins with an empty window. */
  readonly rateWindows: Map<string, RateWindow>;
  /** `https://127.0.0.1:<port>`: authority, Resource Manager and, with a slash, the vault's URI. */
  readonly origin: string;
  /** GUID. @default - any subscription exists */
  readonly subscriptionId: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function nowInSeconds({ now }: AzureContext): number {
  return Math.floor(now() / 1000);
}

/** When something that is created now begins to work, in milliseconds since 1970. */
export function effectiveAt({ now, settings }: AzureContext): number {
  return now() + settings.propagationInSeconds * 1000;
}
