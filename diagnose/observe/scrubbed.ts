/** Shorter values occur in other words by chance, and say nothing. */
const shortestValue = 8;

/**
 * The same data with every known value taken out of its free texts: messages of Events and conditions, log lines. Others
 * wrote these, and nothing promises that they hold no value. Names stay as they are.
 *
 * @param values - as they were read; found as they are and in base64.
 */
export function scrubbed<T>(data: T, values: ReadonlySet<string>): T {
  const known = [...values]
    .flatMap((value) => (value.length < shortestValue ? [] : [value, Buffer.from(value).toString("base64")]))
    .toSorted((a, b) => b.length - a.length); // one may be part of another
  if (known.length === 0) return data;
  const seen = new Map<string, string>(); // hundreds of objects say the same
  return walk(data, "", (text) => {
    const before = seen.get(text);
    if (before !== undefined || text.length < shortestValue) return before ?? text;
    const left = known.reduce((rest, value) => rest.replaceAll(value, "[redacted]"), text);
    seen.set(text, left);
    return left;
  }) as T;
}

const freeTexts: ReadonlySet<string> = new Set(["message", "log", "unschedulable", "reason"]);

function walk(data: unknown, key: string, scrub: (text: string) => string): unknown {
  if (typeof data === "string") return freeTexts.has(key) ? scrub(data) : data;
  if (Array.isArray(data)) return data.map((one) => walk(one, key, scrub));
  if (typeof data !== "object" || data === null) return data;
  // an observed part is `log: { ok, value: [...] }`
  return Object.fromEntries(
    Object.entries(data).map(([name, one]) => [name, walk(one, name === "value" ? key : name, scrub)]),
  );
}
