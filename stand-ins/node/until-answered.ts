import { setTimeout as delay } from "node:timers/promises";
import { KubernetesError } from "../../clients/kubernetes.ts";

const firstWait = 100;
const longestWait = 5_000;

/**
 * Repeats a call while the API server is away, overloaded or failing itself.
 *
 * @returns `undefined` once it refuses (404: gone, 409: another object has the name) or `stop` aborts; tried at least once.
 */
export async function untilAnswered<T>(call: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
    try {
      return await call();
    } catch (error) {
      const refused = error instanceof KubernetesError && error.status < 500 && error.status !== 429;
      if (refused && error.status !== 404 && error.status !== 409) {
        process.stderr.write(`the API server refused a write of the node stand-in: ${error.message}\n`);
      }
      if (refused || stop.aborted) return undefined;
      await delay(wait, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return undefined;
    }
  }
}
