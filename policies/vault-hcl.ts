import { isRecord } from "./subject/reading.ts";

export interface PolicyPath {
  /** Without a leading slash. */
  readonly path: string;
  /** Only `deny` if it is among others; the old `policy` as the capabilities that it means. */
  readonly capabilities: readonly string[];
}

export class PolicySyntaxError extends Error {
  override readonly name = "PolicySyntaxError";

  constructor(problem: string, line: number) {
    super(`line ${line} ${problem}`);
  }
}

/** `policy = "..."` was the only form before Vault 0.5; Vault still reads it. */
const oldPolicies: Readonly<Record<string, readonly string[]>> = {
  deny: ["deny"],
  read: ["read", "list"],
  write: ["create", "read", "update", "delete", "list"],
  sudo: ["create", "read", "update", "delete", "list", "sudo"],
};

/**
 * The paths of a policy, in HCL or JSON. Vault reads policies with version 1 of HCL: a block may be on one line, and a name
 * may be assigned an object. Parsers on npm read version 2, which refuses both.
 * @throws PolicySyntaxError
 * @see https://github.com/hashicorp/vault/blob/main/vault/policy.go - `parsePaths`
 */
export function policyPaths(policy: string): readonly PolicyPath[] {
  const root = policy.trimStart().startsWith("{") ? readJson(policy) : readHcl(policy);
  return entriesIn(root)
    .filter(([key]) => key === "path")
    .flatMap(([, value]) => entriesIn(value))
    .map(([path, value]) => ({ path: path.replace(/^\//, ""), capabilities: capabilitiesIn(value) }));
}

function capabilitiesIn(value: unknown): readonly string[] {
  const found = entriesIn(value).flatMap(([key, item]) => {
    if (key === "capabilities") return Array.isArray(item) ? item.filter((one) => typeof one === "string") : [];
    return key === "policy" && typeof item === "string" ? (oldPolicies[item] ?? []) : [];
  });
  return found.includes("deny") ? ["deny"] : [...new Set(found)];
}

type Entry = readonly [key: string, value: unknown];

/** An object; it may have a key more than once. */
type Block = Readonly<Record<"entries", readonly Entry[]>>;

function entriesIn(value: unknown): readonly Entry[] {
  return [value].flat().flatMap((one) => (isRecord(one) ? (one as unknown as Block).entries : []));
}

function readJson(policy: string): unknown {
  try {
    return JSON.parse(policy, (_, value: unknown) => (isRecord(value) ? { entries: Object.entries(value) } : value));
  } catch {
    throw new PolicySyntaxError("is not valid JSON", 1);
  }
}

/** A policy has two levels, and its parameters one or two more. */
const deepestBlock = 20;

const tokens = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|<<-?(\w+)\n|[{}[\]=,]|[\w.+*/-]+/y;

/** Reads the part of HCL 1 that policies use. */
function readHcl(text: string): Block {
  let token: string | undefined;
  let [at, next, depth] = [0, 0, 0];
  advance();
  return { entries: until(undefined, entry) };

  function until<T>(end: string | undefined, read: () => T): readonly T[] {
    if ((depth += 1) > deepestBlock) throw mistake("nests too deep");
    const items: T[] = [];
    while (token !== end) {
      if (token === ",") advance();
      else items.push(read());
    }
    if (end !== undefined) advance();
    depth -= 1;
    return items;
  }

  /** `key = value`, `key { ... }` or `key "label" { ... }`. */
  function entry(): Entry {
    const keys: string[] = [];
    while (token !== "=" && token !== "{") keys.push(word());
    if (token === "=") advance();
    const [key, ...labels] = keys;
    if (key === undefined) throw mistake("has a block without a name");
    return [key, labels.reduceRight<unknown>((inner, label) => ({ entries: [[label, inner]] }), value())];
  }

  function value(): unknown {
    const opening = token;
    if (opening !== "{" && opening !== "[") return word();
    advance();
    return opening === "{" ? { entries: until("}", entry) } : until("]", value);
  }

  function word(): string {
    const found = token;
    if (found === undefined) throw mistake("ends in the middle of a block");
    if (/^[{}[\]=,]$/.test(found)) throw mistake(`has a "${found}" where a name or a value must be`);
    advance();
    return found.startsWith('"') ? found.slice(1, -1).replaceAll(/\\(.)/g, "$1") : found;
  }

  function advance(): void {
    do {
      at = next;
      token = undefined;
      if (at >= text.length) return;
      tokens.lastIndex = at;
      const match = tokens.exec(text);
      if (match === null) throw mistake(`has a "${text[at] ?? ""}", which is not HCL`);
      token = match[0];
      next = match[1] === undefined ? tokens.lastIndex : afterHeredoc(match[1], tokens.lastIndex);
    } while (/^(?:\s|#|\/\/|\/\*)/.test(token));
  }

  function afterHeredoc(mark: string, from: number): number {
    const end = text.indexOf(`\n${mark}`, from - 1);
    if (end < 0) throw mistake(`has a heredoc without its closing line "${mark}"`);
    return end + mark.length + 1;
  }

  function mistake(problem: string): PolicySyntaxError {
    return new PolicySyntaxError(problem, text.slice(0, at).split("\n").length);
  }
}

/** Whether a policy's path covers a path: `*` at the end matches any rest, `+` one segment. */
export function covers(pattern: string, path: string): boolean {
  const open = pattern.endsWith("*");
  const wanted = (open ? pattern.slice(0, -1) : pattern).split("/");
  const segments = path.split("/");
  if (open ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((want, index) => {
    const segment = segments[index] ?? "";
    if (want === "+") return segment !== "";
    return open && index === wanted.length - 1 ? segment.startsWith(want) : segment === want;
  });
}

/**
 * What a policy allows on a path. Only the most specific matching path counts; its blocks are merged, and `deny` wins.
 * @see https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching
 */
export function capabilitiesOn(paths: readonly PolicyPath[], path: string): ReadonlySet<string> {
  const [best] = paths.filter((one) => covers(one.path, path)).toSorted((a, b) => moreSpecific(a.path, b.path));
  const granted = paths.filter((one) => one.path === best?.path).flatMap(({ capabilities }) => capabilities);
  return granted.includes("deny") ? new Set() : new Set(granted);
}

/** Negative if `a` is more specific. */
function moreSpecific(a: string, b: string): number {
  const firstWildcard = (path: string): number => (path.search(/(?<![^/])\+(?![^/])|\*$/) + 1 || Infinity) - 1;
  const isOpen = (path: string): number => (path.endsWith("*") ? 1 : 0);
  const pluses = (path: string): number => path.split("/").filter((part) => part === "+").length;
  const [first, second] = [firstWildcard(a), firstWildcard(b)];
  if (first !== second) return first > second ? -1 : 1;
  return isOpen(a) - isOpen(b) || pluses(a) - pluses(b) || b.length - a.length || (a > b ? -1 : a < b ? 1 : 0);
}
