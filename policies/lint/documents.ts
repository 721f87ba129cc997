import { isMap, isScalar, LineCounter, parse, parseDocument } from "yaml";
import type { Path } from "../subject/reading.ts";

/** One YAML or JSON document of a file. */
export interface Document {
  readonly text: string;
  /** Line of the file that the text begins on, from 1. */
  readonly line: number;
}

/** Splits a stream at `---`; documents with nothing in them are left out. */
export function splitDocuments(text: string): readonly Document[] {
  const documents: Document[] = [];
  let [start, line, next] = [0, 1, 1];
  const add = (end: number): void => {
    const part = text.slice(start, end);
    if (/^(?!\s*(?:#|$|\.\.\.))/m.test(part)) documents.push({ text: part, line });
  };
  for (const match of text.matchAll(/^(---(?:[ \t]+#.*|[ \t]*)\r?)?$|\n/gm)) {
    if (match[0] === "\n") next += 1;
    else if (match[1] !== undefined) {
      add(match.index);
      [start, line] = [match.index + match[0].length, next];
    }
  }
  add(text.length);
  return documents;
}

/**
 * @returns the document's content.
 * @throws an Error of the `yaml` library where it cannot be parsed; its message may quote the text, so it is not to be shown.
 */
export function parseContent({ text }: Document): unknown {
  const bare = text.trimStart();
  if (bare.startsWith("{") || bare.startsWith("[")) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // flow style of YAML looks the same
    }
  }
  // a tag such as !vault or !Ref is of another tool's making, and no reason to give up
  return parse(text, { uniqueKeys: false, logLevel: "error", prettyErrors: false }) as unknown;
}

/** Finds lines of paths in one document; parses it a second time, since few documents have anything to be found in. */
export function makeLineFinder({ text, line: first }: Document): (path: Path) => number {
  const counter = new LineCounter();
  let root: ReturnType<typeof parseDocument> | undefined;
  return (path) => {
    root ??= parseDocument(text, { uniqueKeys: false, logLevel: "silent", lineCounter: counter });
    return first + counter.linePos(offsetOf(root, path) ?? 0).line - 1;
  };
}

/** Offset of the key at the path, or of the nearest one above that is there. */
function offsetOf(root: ReturnType<typeof parseDocument>, path: Path): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? root.contents : root.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = root.getIn(path.slice(0, length), true);
    if (node !== undefined && node !== null && typeof node === "object" && "range" in node) {
      return (node.range as readonly number[] | undefined)?.[0];
    }
  }
  return root.contents?.range?.[0];
}
