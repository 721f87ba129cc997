/** A text as bytes (one character each, as in Latin-1) after decodings, with the place of each in the original text. */
export interface DecodedText {
  readonly bytes: string;
  /** Per byte: first character of the original text that it comes from. */
  readonly starts: readonly number[];
  /** Per byte: character of the original text after the last one that it comes from. */
  readonly ends: readonly number[];
}

/** Ends a run in a text of decoded runs: no value reaches over it. */
export const runEnd = "\u0000";

/** `bytes` of a text that was not decoded. */
export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

export function undecoded(text: string): DecodedText {
  const into = new Builder();
  let at = 0;
  for (const character of text) {
    for (const byte of bytesOf(character)) into.add(byte, at, at + character.length);
    at += character.length;
  }
  return into.done();
}

export function filtered({ bytes, starts, ends }: DecodedText, keep: (byte: string) => boolean): DecodedText {
  const into = new Builder();
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charAt(at);
    if (keep(byte)) into.add(byte, starts[at] ?? 0, ends[at] ?? 0);
  }
  return into.done();
}

/** The text in each encoding: escapes (JSON, Go, YAML), percent, HTML, base64 and base64url at each alignment, hex. */
export function decodings(text: DecodedText): readonly DecodedText[] {
  const dense = filtered(text, (byte) => !/\s/.test(byte));
  const unwrapped = filtered(dense, (byte) => byte !== ":" && byte !== "-");
  return [
    withoutEscapes(text),
    replaced(text, /%[\da-fA-F]{2}/g, (found) => String.fromCharCode(Number.parseInt(found.slice(1), 16))),
    withoutReferences(text),
    // a word next to a run hides where the run begins once the space between them is gone; a wrapped run needs it gone
    ...[text, dense].flatMap((one) => [0, 1, 2, 3].map((at) => fromRuns(one, /[\w+/-]{4,}={0,2}/g, "base64", at))),
    ...[text, unwrapped].flatMap((one) => [0, 1].map((at) => fromRuns(one, /[\da-fA-F]{8,}/g, "hex", at))),
  ]
    .filter((one) => one !== undefined)
    .filter(({ bytes }) => bytes.length > 0);
}

class Builder {
  #bytes = "";
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(byte: string, start: number, end: number): void {
    this.#bytes += byte;
    this.#starts.push(start);
    this.#ends.push(end);
  }

  done(): DecodedText {
    return { bytes: this.#bytes, starts: this.#starts, ends: this.#ends };
  }
}

/** Puts what `decode` returns in the place of each match; a match that it returns nothing for stays. */
function replaced(
  { bytes, starts, ends }: DecodedText,
  pattern: RegExp,
  decode: (found: string) => string | undefined,
): DecodedText | undefined {
  const into = new Builder();
  let at = 0;
  const copyTo = (end: number): void => {
    for (; at < end; at++) into.add(bytes.charAt(at), starts[at] ?? 0, ends[at] ?? 0);
  };
  for (const match of bytes.matchAll(pattern)) {
    const decoded = decode(match[0]);
    if (decoded === undefined) continue;
    copyTo(match.index);
    const end = match.index + match[0].length;
    for (const byte of decoded) into.add(byte, starts[match.index] ?? 0, ends[end - 1] ?? 0);
    at = end;
  }
  if (at === 0) return undefined;
  copyTo(bytes.length);
  return into.done();
}

const singleEscapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", a: "\u0007", "0": "\u0000" }; // prettier-ignore

function withoutEscapes(text: DecodedText): DecodedText | undefined {
  // a pair of surrogates is one character
  const pattern = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\[^ux]/g;
  return replaced(text, pattern, (found) => {
    const kind = found.charAt(1);
    if (kind === "u") {
      const units = found.match(/[\da-fA-F]{4}/g) ?? [];
      return bytesOf(String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16))));
    }
    return kind === "x" ? String.fromCharCode(Number.parseInt(found.slice(2), 16)) : (singleEscapes[kind] ?? kind);
  });
}

const namedReferences: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", newline: "\n", tab: "\t", colon: ":", equals: "=", sol: "/", plus: "+", num: "#", lbrace: "{", rbrace: "}" }; // prettier-ignore

function withoutReferences(text: DecodedText): DecodedText | undefined {
  return replaced(text, /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]{2,7});/g, (found) => {
    const name = found.slice(1, -1);
    if (!name.startsWith("#")) return namedReferences[name.toLowerCase()];
    const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return point > 0x10_ff_ff ? undefined : bytesOf(String.fromCodePoint(point));
  });
}

/** Every run of an encoding's letters, decoded from its character `offset` on. */
function fromRuns(
  { bytes, starts, ends }: DecodedText,
  pattern: RegExp,
  encoding: "base64" | "hex",
  offset: number,
): DecodedText {
  const into = new Builder();
  for (const { 0: run, index } of bytes.matchAll(pattern)) {
    const decoded = Buffer.from(run.slice(offset), encoding).toString("latin1");
    for (let byte = 0; byte < decoded.length; byte++) {
      // two digits are one byte; four letters of base64 are three, and each byte has a part of two of them
      const first = offset + (encoding === "hex" ? byte * 2 : Math.floor(byte / 3) * 4 + (byte % 3));
      const isPadded = encoding === "base64" && byte === decoded.length - 1; // padding belongs to the last one
      const last = isPadded ? run.length - 1 : first + 1;
      into.add(decoded.charAt(byte), starts[index + first] ?? 0, ends[index + last] ?? 0);
    }
    into.add(runEnd, ends[index] ?? 0, ends[index] ?? 0);
  }
  return into.done();
}
