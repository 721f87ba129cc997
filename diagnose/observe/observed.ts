import type { Failure, Observed } from "../snapshot.ts";

/** Long enough for every server's own words, short enough for a page. */
const longestMessage = 600;

/**
 * Asks for one part of the snapshot. A part that cannot be had is part of the snapshot, never an error of the whole.
 *
 * @param asked - what is asked, for people, such as `list secrets in ameide-dev`.
 */
export async function observed<T>(asked: string, ask: () => Promise<T>): Promise<Observed<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    return { ok: false, failure: { kind: kindOf(error), message: words(error), asked } };
  }
}

export function notAsked(asked: string, why: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { kind: "not-asked", message: why, asked } };
}

/** The values of all parts, or what failed in each: a right may be missing in one namespace and in another. */
export function together<T>(parts: readonly Observed<readonly T[]>[]): Observed<readonly T[]> {
  const failures = parts.filter((part) => !part.ok).map(({ failure }) => failure);
  const [first] = failures;
  if (first === undefined) return { ok: true, value: parts.flatMap((part) => (part.ok ? part.value : [])) };
  const all = (words: (failure: Failure) => string): string => [...new Set(failures.map(words))].join("; ");
  return { ok: false, failure: { ...first, message: all(({ message }) => message), asked: all(({ asked }) => asked) } };
}

function kindOf(error: unknown): Failure["kind"] {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 429) return "throttled";
  if (status === 404) return "not-found";
  return typeof status === "number" && status > 0 ? "failed" : "unreachable";
}

function words(error: unknown): string {
  const [firstLine = ""] = (error instanceof Error ? error.message : String(error)).split("\n"); // a UserError's fix is not evidence
  return firstLine.slice(0, longestMessage);
}
