/** Where a container believes a file to be -> where it is on this machine. */
export type MountPaths = ReadonlyMap<string, string>;

/**
 * Rewrites every mount path in a text to where the volume really lies: there are no mount namespaces here. A path is
 * rewritten only whole (`/opt/a` leaves `/opt/ab` and `/x/opt/a` alone), and the longest mount wins, as in a kernel.
 */
export function withRealPaths(text: string, mounts: MountPaths): string {
  if (mounts.size === 0) return text;
  const longestFirst = [...mounts.keys()].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w./-])(${longestFirst.map(escaped).join("|")})(?![\\w.-])`, "g");
  return text.replace(pattern, (path) => mounts.get(path) ?? path);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * Expands `$(NAME)` as a kubelet does: an unknown name stays as it is, `$$(NAME)` gives `$(NAME)`.
 *
 * @see https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name?: string) => {
    if (match === "$$") return "$";
    return name === undefined || variables[name] === undefined ? match : variables[name];
  });
}
