/**
 * What git's index says, read without git: git runs commands that the repository's own configuration names, and a folder
 * that is only judged must not decide what runs.
 *
 * @see https://git-scm.com/docs/index-format
 */
export interface GitIndex {
  /** Relative to the root of the work tree, with `/`. */
  readonly paths: ReadonlySet<string>;
  /** Folders of a sparse index, each with `/` at its end: git tracks files in them, and the index does not list these. */
  readonly collapsed: readonly string[];
  /** Name of the file `sharedindex.<name>` that a split index builds on. */
  readonly base?: string;
}

/** Bytes of an object's name: 20 for SHA-1, 32 for SHA-256. */
export type HashLength = 20 | 32;

/** Times, device, inode, mode, owner and size; the object's name follows. */
const statLength = 40;
const modeOffset = 24;
const extendedFlag = 0x4000;
const folderMode = 0o040_000;

/**
 * Reads an index of version 2, 3 or 4.
 *
 * @throws RangeError for a file that is cut off or damaged; Error for an index that needs an extension unknown to us.
 */
export function readGitIndex(bytes: Buffer, hashLength: HashLength): GitIndex {
  const version = bytes.readUInt32BE(4);
  if (bytes.toString("latin1", 0, 4) !== "DIRC") throw new RangeError("it does not begin with DIRC");
  if (version < 2 || version > 4) throw new Error(`its version ${version} is unknown`);
  const paths = new Set<string>();
  const collapsed: string[] = [];
  let at = 12;
  let path = Buffer.alloc(0);
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const start = at;
    const mode = bytes.readUInt32BE(at + modeOffset);
    const flags = bytes.readUInt16BE(at + statLength + hashLength);
    at += statLength + hashLength + ((flags & extendedFlag) === 0 ? 2 : 4);
    const prefix = version === 4 ? readPrefix(bytes, at, path) : { kept: path.subarray(0, 0), at };
    const end = bytes.indexOf(0, prefix.at);
    if (end < 0) throw new RangeError("a path has no end");
    path = Buffer.concat([prefix.kept, bytes.subarray(prefix.at, end)]);
    // versions 2 and 3 fill an entry up to eight bytes, with at least one zero
    at = version === 4 ? end + 1 : start + Math.ceil((end + 1 - start) / 8) * 8;
    if (mode === folderMode) collapsed.push(path.toString());
    else paths.add(path.toString());
  }
  const base = readExtensions(bytes, at, hashLength);
  return { paths, collapsed, ...(base === undefined ? {} : { base }) };
}

/** Version 4 says how many bytes of the path before it an entry drops, and appends the rest. */
function readPrefix(bytes: Buffer, start: number, previous: Buffer): { readonly kept: Buffer; readonly at: number } {
  let at = start;
  let byte = bytes.readUInt8(at++);
  let dropped = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes.readUInt8(at++);
    dropped = (dropped + 1) * 0x80 + (byte & 0x7f);
  }
  if (dropped > previous.length) throw new RangeError("a path drops more than there is");
  return { kept: previous.subarray(0, previous.length - dropped), at };
}

/** @returns the base of a split index. An extension whose name begins with a small letter must be understood. */
function readExtensions(bytes: Buffer, start: number, hashLength: HashLength): string | undefined {
  let base: string | undefined;
  let at = start;
  while (at < bytes.length - hashLength) {
    const name = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32BE(at + 4);
    const content = bytes.subarray(at + 8, at + 8 + size);
    if (name === "link") base = content.toString("hex", 0, hashLength);
    else if (name !== "sdir" && /^[a-z]/.test(name)) throw new Error(`its extension "${name}" is unknown`);
    at += 8 + size;
  }
  if (at !== bytes.length - hashLength) throw new RangeError("it ends too early");
  return base;
}
