import type { Failure, Observed } from "../snapshot.ts";

/** Long enough for every server's own words, short enough for a page. */
const longestMessage = 600;

/** Why nothing is asked of a server. `asked` is what all that is left out amounts to, such as `read the cluster`. */
export class NotAsked extends Error {
  readonly asked: string;

  constructor(asked: string, why: string) {
    super(why);
    this.asked = asked;
  }
}

/** Asks for one part of the snapshot; a failure is part of it. @param asked - for people, such as `list secrets in ameide-dev` */
export async function observed<T>(asked: string, ask: () => Promise<T>): Promise<Observed<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    if (error instanceof NotAsked) return notAsked(error.asked, error.message);
    const [firstLine = ""] = (error instanceof Error ? error.message : String(error)).split("\n"); // without a fix
    return { ok: false, failure: { kind: kindOf(error), message: firstLine.slice(0, longestMessage), asked } };
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
  const all = (text: (failure: Failure) => string): string => [...new Set(failures.map(text))].join("; ");
  return { ok: false, failure: { ...first, message: all(({ message }) => message), asked: all(({ asked }) => asked) } };
}

/** The same record with what its promises bring; all are awaited at the same time. */
export async function allOf<T extends object>(parts: T): Promise<{ readonly [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(parts).map(async ([name, part]) => [name, (await part) as unknown] as const);
  return Object.fromEntries(await Promise.all(entries)) as { [K in keyof T]: Awaited<T[K]> };
}

/** `undefined` if the server answers 404. @throws every other error */
export async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T> as never;
}

export function statusOf(error: unknown): unknown {
  return error instanceof Error && "status" in error ? error.status : undefined;
}

const kinds: Readonly<Record<number, Failure["kind"]>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  429: "throttled",
};

function kindOf(error: unknown): Failure["kind"] {
  const status = statusOf(error);
  return typeof status === "number" && status > 0 ? (kinds[status] ?? "failed") : "unreachable";
}
