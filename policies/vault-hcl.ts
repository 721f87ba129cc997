/** One `path` block of a Vault ACL policy. */
export interface PolicyPath {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** The paths of a policy in HCL; comments are left out. Enough of HCL for ACL policies, whose grammar is this small. */
export function policyPaths(hcl: string): readonly PolicyPath[] {
  const bare = hcl.replaceAll(/^[^\S\n]*(?:#|\/\/).*$/gm, "");
  const header = /\bpath\s+"([^"]*)"\s*\{/g;
  const found: PolicyPath[] = [];
  for (let match = header.exec(bare); match !== null; match = header.exec(bare)) {
    const end = bare.indexOf("}", header.lastIndex);
    if (end < 0) break;
    const [, listed = ""] = /capabilities\s*=\s*\[([^\][]*)\]/.exec(bare.slice(header.lastIndex, end)) ?? [];
    const capabilities = [...listed.matchAll(/"([a-z]+)"/g)].map(([, capability = ""]) => capability);
    found.push({ path: match[1] ?? "", capabilities });
    header.lastIndex = end + 1;
  }
  return found;
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
