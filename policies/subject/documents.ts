import { Composer, type CST, isMap, isScalar, Lexer, LineCounter, Parser, Scalar, type Document as Root } from "yaml";
import type { LineOf, Path } from "./reading.ts";

export interface Document {
  readonly text: string;
  /** Line of the file that the text begins on, from 1. */
  readonly line: number;
}

/** Splits a stream at `---`, without empty documents. */
export function splitDocuments(text: string): readonly Document[] {
  const documents: Document[] = [];
  let [start, line, next] = [0, 1, 1];
  const add = (end: number): void => {
    const part = text.slice(start, end);
    if (/^[^\S\n]*(?![\s#]|\.\.\.|$)/m.test(part)) documents.push({ text: part, line });
  };
  for (const match of text.matchAll(/^(---)(?=\s|$)|\n/gm)) {
    if (match[0] === "\n") next += 1;
    else if (match[1] !== undefined) {
      add(match.index);
      [start, line] = [match.index + match[0].length, next];
    }
  }
  add(text.length);
  return documents;
}

/** Real manifests have under 50 levels. Whatever reads a document by recursion would overflow the stack on many more. */
const deepestLevel = 200;

export class TooDeep extends Error {
  constructor() {
    super(`nests deeper than ${deepestLevel} levels`);
    this.name = "TooDeep";
  }
}

/** Whether it is a CustomResourceDefinition: long, and no rule reads it. False if a second `kind` would win. */
export function isOnlySchema({ text }: Document): boolean {
  return (
    /^kind: CustomResourceDefinition[ \t]*$/m.test(text) &&
    /^apiVersion: ["']?apiextensions\.k8s\.io\//m.test(text) &&
    !/^[?{]|^<</m.test(text) &&
    text.match(/^["']?kind["']?[ \t]*:/gm)?.length === 1
  );
}

/** A value with the line of each path in it; a resource of a program has no lines. */
export interface Part {
  readonly content: unknown;
  /** Line, from 1, of a path or of its nearest existing parent; `line` is within a block text at the path. */
  readonly lineOf: LineOf;
}

export function below(lineOf: LineOf, path: Path): LineOf {
  return (inner, line) => lineOf([...path, ...inner], line);
}

export interface Parsed extends Part {
  /** Frees the syntax tree; a later `lineOf` parses again. */
  readonly release: () => void;
}

/**
 * Parses one document as kubectl, Kustomize and Helm do: with merge keys, and quoted text that continues at any column.
 * @throws {@link TooDeep}, or an Error of the `yaml` library; never show its message, which may quote the text.
 */
export function parseContent(document: Document): Parsed {
  let tree: ReturnType<typeof treeOf> | undefined;
  const parsed = jsonOf(document.text);
  if (parsed === undefined) {
    tree = treeOf(document);
    const [error] = tree.root.errors;
    if (error !== undefined) throw error;
  }
  const content = parsed === undefined ? (tree?.root.toJS() as unknown) : parsed.value;
  if (isValueTooDeep(content)) throw new TooDeep();
  return {
    content,
    lineOf: (path, line) => {
      tree ??= treeOf(document);
      const block = line === undefined ? undefined : blockAt(tree.root, path);
      const lineAt = (offset: number): number => document.line + (tree?.counter.linePos(offset).line ?? 1) - 1;
      // a block begins on the line after its indicator
      if (line !== undefined && block !== undefined) return lineAt(block) + line;
      return lineAt(offsetOf(tree.root, path) ?? 0);
    },
    release: () => (tree = undefined),
  };
}

/** Node parses JSON faster; a text that begins like JSON may still be YAML in flow style. */
function jsonOf(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** What {@link LenientLexer} overrides; the library's types hide it. A test of `lint` fails if the library changes it. */
const OpenLexer = Lexer as unknown as new () => {
  /** Columns that a continuation line needs at least. */
  indentNext: number;
  lex: Lexer["lex"];
  parseFlowCollection: () => Generator<string, string>;
  parseQuotedScalar: () => Generator<string, string>;
};

/** Accepts quoted and flow values that continue left of their key, as kubectl, Kustomize and Helm do. */
class LenientLexer extends OpenLexer {
  override parseFlowCollection = () => this.#atAnyColumn(() => super.parseFlowCollection());
  override parseQuotedScalar = () => this.#atAnyColumn(() => super.parseQuotedScalar());

  *#atAnyColumn(read: () => Generator<string, string>): Generator<string, string> {
    const { indentNext } = this;
    this.indentNext = 0;
    const next = yield* read();
    this.indentNext = indentNext;
    return next;
  }
}

function treeOf({ text }: Document) {
  const counter = new LineCounter();
  counter.addNewLine(0);
  const parser = new Parser(counter.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new LenientLexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    // the library composes by recursion
    if ((parser as unknown as { readonly stack: readonly CST.Token[] }).stack.length > deepestLevel)
      throw new TooDeep();
  }
  tokens.push(...parser.end());
  // a tag of another tool, such as !vault or !Ref, is only a warning, which is not printed
  const composer = new Composer({ uniqueKeys: false, merge: true, logLevel: "error" });
  const [root, second] = composer.compose(tokens, true, text.length);
  if (root === undefined || second !== undefined) throw new Error("is not one document");
  return { root, counter };
}

/** Node's JSON parser has no limit, and an alias may repeat what contains it. */
function isValueTooDeep(value: unknown, level = 1): boolean {
  if (typeof value !== "object" || value === null) return false;
  return level > deepestLevel || Object.values(value).some((item) => isValueTooDeep(item, level + 1));
}

/** Offset of a literal block's indicator. Other texts are folded or escaped, so their lines are not lines of the file. */
function blockAt(root: Root, path: Path): number | undefined {
  const node = root.getIn(path, true);
  return isScalar(node) && node.type === Scalar.BLOCK_LITERAL ? node.range?.[0] : undefined;
}

function offsetOf(root: Root, path: Path): number | undefined {
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
