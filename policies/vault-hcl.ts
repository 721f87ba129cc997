/** One `path` block of a Vault ACL policy, as Vault reads it. */
export interface PolicyPath {
  /** Without a slash at its beginning. */
  readonly path: string;
  /** `deny` alone where it is among others; the old `policy` as the capabilities that it stands for. */
  readonly capabilities: readonly string[];
}

/** A policy that Vault would refuse. */
export class PolicySyntaxError extends Error {
  constructor(problem: string, line: number) {
    super(`line ${line} ${problem}`);
    this.name = "PolicySyntaxError";
  }
}

/** What `policy = "..."` stands for, which was the only way before Vault 0.5 and is still read. */
const oldPolicies: Readonly<Record<string, readonly string[]>> = {
  deny: ["deny"],
  read: ["read", "list"],
  write: ["create", "read", "update", "delete", "list"],
  sudo: ["create", "read", "update", "delete", "list", "sudo"],
};

/**
 * The paths of a policy, in HCL or JSON. Vault reads policies with version 1 of HCL: a block may be on one line, a name may
 * be assigned an object, and JSON is another form of the same. Parsers of npm read version 2, which refuses the first two.
 *
 * @throws PolicySyntaxError
 * @see https://github.com/hashicorp/vault/blob/main/vault/policy.go - `parsePaths`
 */
export function policyPaths(policy: string): readonly PolicyPath[] {
  const root = policy.trimStart().startsWith("{") ? jsonObject(policy) : new Reader(policy).object();
  return root
    .filter(([key]) => key === "path")
    .flatMap(([, blocks]) => (Array.isArray(blocks) && !isObject(blocks) ? blocks : [blocks]))
    .flatMap((blocks) => (isObject(blocks) ? blocks : []))
    .map(([path, block]) => ({ path: path.replace(/^\//, ""), capabilities: capabilitiesIn(block) }));
}

function capabilitiesIn(block: unknown): readonly string[] {
  const fields = isObject(block)
    ? block
    : Array.isArray(block)
      ? block.flatMap((one) => (isObject(one) ? one : []))
      : [];
  const found = fields.flatMap(([key, value]) => {
    if (key === "capabilities") return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
    return key === "policy" && typeof value === "string" ? (oldPolicies[value] ?? []) : [];
  });
  return found.includes("deny") ? ["deny"] : [...new Set(found)];
}

/** Entries of an object; a key may be there more than once. */
type Entries = readonly (readonly [key: string, value: unknown])[] & { readonly isObject: true };

function asObject(entries: readonly (readonly [string, unknown])[]): Entries {
  return Object.assign([...entries], { isObject: true as const });
}

function isObject(value: unknown): value is Entries {
  return Array.isArray(value) && "isObject" in value;
}

function jsonObject(policy: string): Entries {
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    throw new PolicySyntaxError("is not valid JSON", 1);
  }
  return fromJson(parsed) as Entries;
}

function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== "object" || value === null) return value;
  return asObject(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
}

/** A policy has two levels; parameters in it one or two more. */
const deepestBlock = 20;

const tokens = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|<<-?(\w+)\n|[{}[\]=,]|[\w.+*/-]+/y;

/** Reads version 1 of HCL, as far as a policy goes. */
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

  /** Up to the end of the text, or to the brace that closes it. */
  object(isInner = false): Entries {
    if ((this.#depth += 1) > deepestBlock) throw this.#error("nests too deep");
    const entries: (readonly [string, unknown])[] = [];
    while (this.#token !== (isInner ? "}" : undefined)) {
      if (this.#token === ",") this.#advance();
      else entries.push(this.#entry());
    }
    if (isInner) this.#advance();
    this.#depth -= 1;
    return asObject(entries);
  }

  /** `key = value`, `key { ... }` or `key "label" { ... }`. */
  #entry(): readonly [string, unknown] {
    const keys: string[] = [];
    while (this.#token !== "=" && this.#token !== "{") keys.push(this.#word());
    const isAssigned = this.#token === "=";
    if (isAssigned) this.#advance();
    const [key, ...labels] = keys;
    if (key === undefined) throw this.#error("has a block without a name");
    return [key, labels.reduceRight<unknown>((inner, label) => asObject([[label, inner]]), this.#value())];
  }

  #value(): unknown {
    if (this.#token === "{") {
      this.#advance();
      return this.object(true);
    }
    if (this.#token !== "[") return this.#word();
    return this.#list();
  }

  #list(): readonly unknown[] {
    if ((this.#depth += 1) > deepestBlock) throw this.#error("nests too deep");
    this.#advance();
    const items: unknown[] = [];
    while (this.#token !== "]") {
      if (this.#token === ",") this.#advance();
      else items.push(this.#value());
    }
    this.#advance();
    this.#depth -= 1;
    return items;
  }

  #word(): string {
    const token = this.#token;
    if (token === undefined) throw this.#error("ends in the middle of a block");
    if (/^[{}[\]=,]$/.test(token)) throw this.#error(`has a "${token}" where a name or a value must be`);
    this.#advance();
    return token.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/g, "$1") : token;
  }

  /** To the next token that is no white space and no comment. */
  #advance(): void {
    do {
      this.#at = this.#next;
      if (this.#at >= this.#text.length) {
        this.#token = undefined;
        return;
      }
      tokens.lastIndex = this.#at;
      const match = tokens.exec(this.#text);
      if (match === null) throw this.#error(`has a "${this.#text[this.#at] ?? ""}" that HCL does not know`);
      this.#token = match[0];
      this.#next = match[1] === undefined ? tokens.lastIndex : this.#afterHeredoc(match[1], tokens.lastIndex);
    } while (/^(?:\s|#|\/\/|\/\*)/.test(this.#token));
  }

  #afterHeredoc(mark: string, from: number): number {
    const end = this.#text.indexOf(`\n${mark}`, from - 1);
    if (end < 0) throw this.#error(`has a text that no line "${mark}" ends`);
    return end + mark.length + 1;
  }

  #error(problem: string): PolicySyntaxError {
    return new PolicySyntaxError(problem, this.#text.slice(0, this.#at).split("\n").length);
  }
}

/** Whether a policy's path covers a path, as Vault reads it: `*` at the end stands for any rest, `+` for one segment. */
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
 * What a policy allows on a path. Vault asks the most specific path that covers it and no other; where two blocks have the
 * same path, both count, and `deny` wins.
 *
 * @see https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching
 */
export function capabilitiesOn(paths: readonly PolicyPath[], path: string): ReadonlySet<string> {
  const [best] = paths.filter((one) => covers(one.path, path)).toSorted((a, b) => moreSpecific(a.path, b.path));
  const granted = paths.filter((one) => one.path === best?.path).flatMap(({ capabilities }) => capabilities);
  return granted.includes("deny") ? new Set() : new Set(granted);
}

/** Negative if `a` is the more specific one. */
function moreSpecific(a: string, b: string): number {
  const firstWildcard = (path: string): number => (path.search(/(?<![^/])\+(?![^/])|\*$/) + 1 || Infinity) - 1;
  const isOpen = (path: string): number => (path.endsWith("*") ? 1 : 0);
  const pluses = (path: string): number => path.split("/").filter((part) => part === "+").length;
  const [first, second] = [firstWildcard(a), firstWildcard(b)];
  if (first !== second) return first > second ? -1 : 1;
  return isOpen(a) - isOpen(b) || pluses(a) - pluses(b) || b.length - a.length || (a > b ? -1 : a < b ? 1 : 0);
}
