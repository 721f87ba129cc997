import type { ResyncResult } from "../../diagnose/resync.ts";
import { unseenWords } from "../../diagnose/who-uses.ts";

/**
 * What `resync` prints: how many have synced anew, who has not and why, what changed. "No Secret changed" is said only
 * where all of them were seen.
 *
 * @param stack - for the repair.
 */
export function formatResync({ counts, notReady, changed, unseen }: ResyncResult, stack: string): string {
  const { stores, "external-secrets": synced } = counts;
  const none = unseen.length === 0 ? ["no Secret changed"] : [];
  return [
    synced.total === 0
      ? `${stack}: there is no ExternalSecret to resync`
      : `${stack}: ${synced.done} of ${synced.total} ExternalSecrets synced anew, ${stores.done} of ${stores.total} stores Ready`,
    ...notReady.map(({ object, message }) => `not ready: ${object}: ${message}`),
    ...(changed.length === 0 ? none : [`changed: ${changed.join(", ")}`]),
    ...unseen.map((failure) => `whether a Secret changed ${unseenWords(failure)}`),
    ...(notReady.length === 0 ? [] : [`  fix: ameide-secrets doctor --stack ${stack}`]),
  ].join("\n");
}
