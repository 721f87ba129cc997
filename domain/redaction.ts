import { valuesInMemory } from "./redacted.ts";
import { bytesOf, decodings, filtered, runEnd, undecoded, type DecodedText } from "./text-decodings.ts";

/** Takes the values that it was made for out of a text. */
export type Redaction = (text: string) => string;

/** Shorter values occur in other words by chance. */
const shortestLongValue = 8;
/** Of a longer value this much is enough to know it by: error messages cut values off. */
const headInBytes = 16;
/** A value in base64 in a JSON string in a URL is the deepest that was seen. */
const deepest = 3;

/**
 * The one redaction of everything that is shown, written or sent on, by the values in clear. A value is found verbatim
 * and in every encoding of {@link decodings}, whatever became of its white space, quotes and backslashes, and also
 * where it was cut off after its first 16 bytes, or after 8 at the end of the text. Its lines, the texts in its JSON
 * and the password in its URL count as values too. A value of less than 8 characters is removed only as a word of its
 * own; an ordinary word (`admin`, `5432`) only in quotes, after `=`, and where something decodes to just this.
 */
export function redactionOf(values: Iterable<string>): Redaction {
  const needles = new Needles(values);
  if (needles.isEmpty) return (text) => text;
  const seen = new Map<string, string>(); // hundreds of objects say the same
  return (text) => {
    const before = seen.get(text);
    if (before !== undefined) return before;
    const ranges: Range[] = [];
    search(undecoded(text), needles, ranges, deepest, new Set());
    const after = cut(text, ranges);
    seen.set(text, after);
    return after;
  };
}

/**
 * Removes every secret value that this process holds: errors and progress quote servers, the engine and logs of pods.
 * A value that looks like a name (`ameide-bot`) stays: our own texts contain such words, and a fix must work verbatim.
 */
export function withoutValuesInMemory(text: string): string {
  const values = [...valuesInMemory()].filter((value) => !/^[a-z]+(?:-[a-z\d]+)*$/.test(value));
  const isSame = values.length === made.values.length && values.every((value, index) => value === made.values[index]);
  if (!isSame) made = { values, redaction: redactionOf(values) };
  return made.redaction(text);
}

/** Kept between lines: values rarely change, lines are many. */
let made: { readonly values: readonly string[]; readonly redaction: Redaction } = {
  values: [],
  redaction: (text) => text,
};

/** First character of the original text, and the one after the last. */
type Range = readonly [start: number, end: number];

function search(text: DecodedText, needles: Needles, into: Range[], depth: number, known: Set<string>): void {
  if (known.has(text.bytes)) return;
  known.add(text.bytes);
  needles.findIn(text, into);
  if (depth === 0) return;
  for (const decoded of decodings(text)) search(decoded, needles, into, depth - 1, known);
}

function cut(text: string, ranges: readonly Range[]): string {
  let result = "";
  let at = 0;
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    if (end <= at) continue;
    // what overlaps or touches the one before is the same piece
    if (start > at || at === 0) result += `${text.slice(at, start)}[redacted]`;
    at = end;
  }
  return result + text.slice(at);
}

/** Encoders and loggers change these, and what collapses white space does. */
function isKept(byte: string): boolean {
  return byte !== runEnd && !/[\s\\"'+]/.test(byte);
}

const isWordByte = (byte: string | undefined): boolean => byte !== undefined && /[\w\u0080-\u00FF]/.test(byte);
const isOrdinary = (word: string): boolean => word.length < 4 || /^(?:[a-z]+|\d+)$/.test(word);

class Needles {
  readonly #byHead = new Map<string, string[]>();
  readonly #long = new Set<string>();
  readonly #short = new Set<string>();

  constructor(values: Iterable<string>) {
    for (const value of values) {
      for (const part of partsOf(value)) {
        for (const form of [undecoded(part), ...plainForms(part)]) this.#add(filtered(form, isKept).bytes);
      }
    }
    for (const needle of this.#long) {
      const head = needle.slice(0, shortestLongValue);
      this.#byHead.set(head, [...(this.#byHead.get(head) ?? []), needle]);
    }
  }

  get isEmpty(): boolean {
    return this.#long.size + this.#short.size === 0;
  }

  #add(needle: string): void {
    if (needle.length >= shortestLongValue) this.#long.add(needle);
    else if (needle.length > 0) this.#short.add(needle);
  }

  findIn(text: DecodedText, into: Range[]): void {
    const dense = filtered(text, isKept);
    const { bytes, starts, ends } = dense;
    for (let at = 0; at + shortestLongValue <= bytes.length; at++) {
      for (const needle of this.#byHead.get(bytes.slice(at, at + shortestLongValue)) ?? []) {
        const length = commonLength(bytes, at, needle);
        const isAtEnd = /^[.…\u0080-\u00FF]*$/.test(bytes.slice(at + length));
        if (length === needle.length || length >= headInBytes || isAtEnd)
          into.push([starts[at] ?? 0, ends[at + length - 1] ?? 0]);
      }
    }
    for (const word of this.#short) findWord(text, word, into);
  }
}

function commonLength(bytes: string, at: number, needle: string): number {
  let length = shortestLongValue;
  while (length < needle.length && bytes[at + length] === needle[length]) length++;
  return length;
}

function findWord({ bytes, starts, ends }: DecodedText, word: string, into: Range[]): void {
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) {
    const before = bytes[at - 1];
    const after = bytes[at + word.length];
    if (isWordByte(before) || isWordByte(after)) continue;
    const isQuoted = before !== undefined && before === after && /["'`]/.test(before);
    const isWhole = (before === undefined || before === runEnd) && after === runEnd;
    if (isOrdinary(word) && !isQuoted && !isWhole && before !== "=") continue;
    into.push([starts[at] ?? 0, ends[at + word.length - 1] ?? 0]);
  }
}

/** The value with its own escapes resolved: a `.env` holds `\n` where the program that reads it sees a new line. */
function plainForms(value: string): readonly DecodedText[] {
  return decodings(undecoded(value)).filter(({ bytes }) => !bytes.includes(runEnd));
}

function partsOf(value: string): readonly string[] {
  const lines = value.split(/[\r\n]+/).filter((line) => line.trim().length >= headInBytes && !line.includes("-----"));
  return [value, ...(lines.length > 1 ? lines : []), ...textsInJson(value), ...passwordInUrl(value)];
}

function textsInJson(value: string): readonly string[] {
  if (!/^\s*[[{]/.test(value)) return [];
  try {
    const texts: string[] = [];
    JSON.parse(value, (_, one: unknown) => {
      if (typeof one === "string" && bytesOf(one).length >= shortestLongValue) texts.push(one);
      return one;
    });
    return texts;
  } catch {
    return [];
  }
}

function passwordInUrl(value: string): readonly string[] {
  const password = URL.canParse(value) ? new URL(value).password : "";
  return password.length < shortestLongValue ? [] : [password];
}
