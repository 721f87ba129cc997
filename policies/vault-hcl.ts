/** One `path` block of a Vault ACL policy. */
export interface PolicyPath {
  /** Without a leading slash. */
  readonly path: string;
  /** Only `deny` if it is among others; the old `policy` as the capabilities that it means. */
  readonly capabilities: readonly string[];
}

/** A policy that Vault would refuse. */
export class PolicySyntaxError extends Error {
  constructor(problem: string, line: number) {
    super(`line ${line} ${problem}`);
    this.name = "PolicySyntaxError";
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
 *
 * @throws PolicySyntaxError
 * @see https://github.com/hashicorp/vault/blob/main/vault/policy.go - `parsePaths`
 */
export function policyPaths(policy: string): readonly PolicyPath[] {
  const root = policy.trimStart().startsWith("{") ? jsonBlock(policy) : new Reader(policy).block();
  return blocksIn(root)
    .flatMap(({ entries }) => entries)
    .filter(([key]) => key === "path")
    .flatMap(([, value]) => blocksIn(value))
    .flatMap(({ entries }) => entries)
    .map(([path, value]) => ({ path: path.replace(/^\//, ""), capabilities: capabilitiesIn(value) }));
}

function capabilitiesIn(value: unknown): readonly string[] {
  const found = blocksIn(value)
    .flatMap(({ entries }) => entries)
    .flatMap(([key, item]) => {
      if (key === "capabilities") return Array.isArray(item) ? item.filter((one) => typeof one === "string") : [];
      return key === "policy" && typeof item === "string" ? (oldPolicies[item] ?? []) : [];
    });
  return found.includes("deny") ? ["deny"] : [...new Set(found)];
}

/** An object; it may have a key more than once. */
class Block {
  readonly entries: readonly (readonly [key: string, value: unknown])[];

  constructor(entries: Block["entries"]) {
    this.entries = entries;
  }
}

function blocksIn(value: unknown): readonly Block[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => one instanceof Block);
}

function jsonBlock(policy: string): unknown {
  try {
    return fromJson(JSON.parse(policy));
  } catch {
    throw new PolicySyntaxError("is not valid JSON", 1);
  }
}

function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== "object" || value === null) return value;
  return new Block(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
}

/** A policy has two levels, and its parameters one or two more. */
const deepestBlock = 20;

const tokens = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|<<-?(\w+)\n|[{}[\]=,]|[\w.+*/-]+/y;

/** Reads the part of HCL 1 that policies use. */
class Reader {
  readonly #text: string;
  #token: string | undefined;
  #at = 0;
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  block(): Block {
    return new Block(this.#until(undefined, () => this.#entry()));
  }

  /** Items up to the token that closes them, or to the end of the text. */
  #until<T>(end: string | undefined, read: () => T): readonly T[] {
    if ((this.#depth += 1) > deepestBlock) throw this.#error("nests too deep");
    const items: T[] = [];
    while (this.#token !== end) {
      if (this.#token === ",") this.#advance();
      else items.push(read());
    }
    if (end !== undefined) this.#advance();
    this.#depth -= 1;
    return items;
  }

  /** `key = value`, `key { ... }` or `key "label" { ... }`. */
  #entry(): readonly [string, unknown] {
    const keys: string[] = [];
    while (this.#token !== "=" && this.#token !== "{") keys.push(this.#word());
    if (this.#token === "=") this.#advance();
    const [key, ...labels] = keys;
    if (key === undefined) throw this.#error("has a block without a name");
    return [key, labels.reduceRight<unknown>((inner, label) => new Block([[label, inner]]), this.#value())];
  }

  #value(): unknown {
    const opening = this.#token;
    if (opening !== "{" && opening !== "[") return this.#word();
    this.#advance();
    if (opening === "{") return new Block(this.#until("}", () => this.#entry()));
    return this.#until("]", () => this.#value());
  }

  #word(): string {
    const token = this.#token;
    if (token === undefined) throw this.#error("ends in the middle of a block");
    if (/^[{}[\]=,]$/.test(token)) throw this.#error(`has a "${token}" where a name or a value must be`);
    this.#advance();
    return token.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/g, "$1") : token;
  }

  /** To the next token that is neither white space nor a comment. */
  #advance(): void {
    do {
      this.#at = this.#next;
      if (this.#at >= this.#text.length) {
        this.#token = undefined;
        return;
      }
      tokens.lastIndex = this.#at;
      const match = tokens.exec(this.#text);
      if (match === null) throw this.#error(`has a "${this.#text[this.#at] ?? ""}", which is not HCL`);
      this.#token = match[0];
      this.#next = match[1] === undefined ? tokens.lastIndex : this.#afterHeredoc(match[1], tokens.lastIndex);
    } while (/^(?:\s|#|\/\/|\/\*)/.test(this.#token));
  }

  #afterHeredoc(mark: string, from: number): number {
    const end = this.#text.indexOf(`\n${mark}`, from - 1);
    if (end < 0) throw this.#error(`has a text without the line "${mark}" at its end`);
    return end + mark.length + 1;
  }

  #error(problem: string): PolicySyntaxError {
    return new PolicySyntaxError(problem, this.#text.slice(0, this.#at).split("\n").length);
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
 * What a policy allows on a path. Only the most specific path that covers it counts. If two blocks have that path, both
 * count, and `deny` wins.
 *
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
