import type { StateWriter } from "./state-file.ts";
import type { AzureState } from "./state.ts";
import type { StandInSettings } from "./settings.ts";

/** What every part of the stand-in shares. */
export interface AzureContext {
  readonly state: AzureState;
  readonly writer: StateWriter;
  readonly settings: StandInSettings;
  /** `https://127.0.0.1:<port>`: authority, Resource Manager and, with a slash, the vault's URI. */
  readonly origin: string;
  /** GUID; where it is given, no other subscription exists. */
  readonly subscriptionId: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function nowInSeconds({ now }: AzureContext): number {
  return Math.floor(now() / 1000);
}
