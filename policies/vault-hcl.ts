/** One `path` block of a Vault ACL policy. */
export interface PolicyPath {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** The paths of a policy in HCL; comments are left out. Enough of HCL for ACL policies, whose grammar is this small. */
export function policyPaths(hcl: string): readonly PolicyPath[] {
  const bare = hcl.replaceAll(/^\s*(?:#|\/\/).*$/gm, "");
  return [...bare.matchAll(/\bpath\s+"([^"]*)"\s*\{([^}]*)\}/g)].map(([, path = "", body = ""]) => {
    const [, listed = ""] = /capabilities\s*=\s*\[([^\]]*)\]/.exec(body) ?? [];
    return { path, capabilities: [...listed.matchAll(/"([a-z]+)"/g)].map(([, capability = ""]) => capability) };
  });
}

/** Whether a policy's path covers a path, as Vault reads it: `*` at the end stands for any rest, `+` for one segment. */
export function covers(pattern: string, path: string): boolean {
  const open = pattern.endsWith("*");
  const literal = (open ? pattern.slice(0, -1) : pattern).replaceAll(/[.*?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll("+", "[^/]+")}${open ? "" : "$"}`).test(path);
}
