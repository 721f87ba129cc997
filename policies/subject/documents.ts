import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { Path } from "./reading.ts";

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
    if (/^[^\S\n]*(?![\s#]|\.\.\.|$)/m.test(part)) documents.push({ text: part, line });
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

export interface Parsed {
  readonly content: unknown;
  /** Line of the file that a path stands on, or the nearest part above it that is there; from 1. */
  readonly lineOf: (path: Path) => number;
  /** Lets the syntax tree go; `lineOf` parses again if it is asked after that. */
  readonly release: () => void;
}

/**
 * @throws an Error of the `yaml` library where it cannot be parsed; its message may quote the text, so it is not to be shown.
 */
export function parseContent(document: Document): Parsed {
  let tree: Tree | undefined;
  const parsed = jsonOf(document.text);
  if (parsed === undefined) {
    tree = treeOf(document);
    const [error] = tree.root.errors;
    if (error !== undefined) throw error;
  }
  return {
    content: parsed === undefined ? (tree?.root.toJS() as unknown) : parsed.value,
    lineOf: (path) => {
      tree ??= treeOf(document);
      return document.line + tree.counter.linePos(offsetOf(tree.root, path) ?? 0).line - 1;
    },
    release: () => (tree = undefined),
  };
}

/** Most of what begins so is JSON, for which Node's own parser is fast; flow style of YAML looks the same. */
function jsonOf(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

interface Tree {
  readonly root: ReturnType<typeof parseDocument>;
  readonly counter: LineCounter;
}

function treeOf({ text }: Document): Tree {
  const counter = new LineCounter();
  // a tag such as !vault or !Ref is of another tool's making, and no reason to give up: it is a warning here
  return { root: parseDocument(text, { uniqueKeys: false, lineCounter: counter, prettyErrors: false }), counter };
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
