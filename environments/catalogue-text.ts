import { isMap, isScalar, parseDocument, type Document, type Pair } from "yaml";

/**
 * The catalogue as text, for additions. What is there stays byte for byte: the document only tells where things end, since
 * writing it anew would set every list and comment in its own way.
 */
export class CatalogueText {
  #text: string;

  /** @param text - a catalogue that the schema takes. */
  constructor(text: string) {
    this.#text = text.endsWith("\n") ? text : `${text}\n`;
  }

  /** Puts an entry behind the last external secret. */
  addSecret(lines: readonly string[]): void {
    const external = this.#pairs("secrets").filter(
      ({ value }) => isMap(value) && value.get("authority") === "external",
    );
    this.#insertAfter(external.at(-1), "secrets", lines);
  }

  /** Puts an entry behind the last delivery that this program makes. */
  addDelivery(lines: readonly string[]): void {
    const ours = this.#pairs("deliveries").filter(({ value }) => isMap(value) && !value.has("madeBy"));
    this.#insertAfter(ours.at(-1), "deliveries", lines);
  }

  /** Adds one key to a delivery's `keys`, in the style in which they are written. */
  addKey(target: string, key: string, secret: string): void {
    const keys = this.#document().getIn(["deliveries", target, "keys"], true);
    const end = isMap(keys) ? keys.range?.[1] : undefined;
    if (!isMap(keys) || end === undefined) throw new Error(`the delivery ${target} has no keys`);
    if (keys.flow === true) {
      const brace = this.#text.lastIndexOf("}", end - 1);
      const before = this.#text.slice(0, brace).trimEnd();
      this.#text = `${before}${before.endsWith("{") ? " " : ", "}${key}: ${secret} ${this.#text.slice(brace)}`;
    } else {
      const first = keys.items[0]?.key;
      const start = isScalar(first) ? (first.range?.[0] ?? 0) : 0;
      const indent = " ".repeat(start - (this.#text.lastIndexOf("\n", start - 1) + 1));
      this.#insertAt(lastLineEnd(this.#text, end), [`${indent}${key}: ${secret}`]);
    }
  }

  toString(): string {
    return this.#text;
  }

  #document(): Document.Parsed {
    return parseDocument(this.#text);
  }

  #pairs(section: string): readonly Pair[] {
    const node = this.#document().get(section);
    return isMap(node) ? node.items : [];
  }

  #insertAfter(pair: Pair | undefined, section: string, lines: readonly string[]): void {
    const value = pair?.value;
    const end = isMap(value) || isScalar(value) ? value.range?.[1] : undefined;
    if (end === undefined) this.#openSection(section, lines);
    else this.#insertAt(lastLineEnd(this.#text, end), lines);
  }

  /** The section has no such entry yet: they become its first. */
  #openSection(section: string, lines: readonly string[]): void {
    const header = new RegExp(`^${section}:.*\n`, "m");
    const match = header.exec(this.#text);
    if (match === null) throw new Error(`the catalogue has no section ${section}`);
    const empty = match[0].replace(/\{\s*\}/, "").trimEnd();
    const rest = this.#text.slice(match.index + match[0].length);
    this.#text = `${this.#text.slice(0, match.index)}${empty}\n${lines.join("\n")}\n${rest}`;
  }

  #insertAt(offset: number, lines: readonly string[]): void {
    this.#text = `${this.#text.slice(0, offset)}${lines.join("\n")}\n${this.#text.slice(offset)}`;
  }
}

/** Offset behind the line break of the last line that holds something of what ends at `end`. */
function lastLineEnd(text: string, end: number): number {
  const content = text.slice(0, end).trimEnd().length;
  return text.indexOf("\n", content) + 1; // the text ends in one
}
