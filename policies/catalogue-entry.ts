import { normalise } from "../domain/names.ts";
import { vaultPath } from "./subject/vault-path.ts";

/** Whether a name is a path of several parts, which no variable and no Key Vault secret can be called. */
export function isPath(name: string): boolean {
  return vaultPath(name).includes("/");
}

/** What the catalogue takes for a path under the mount. */
const allowed = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)*$/;
const longestName = 127;

/** The fix for a path that the catalogue does not know: the lines to paste, one for each possible owner. */
export function entryFor(key: string): string {
  const path = vaultPath(key);
  const name = normalise(path)
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (!allowed.test(path) || path.includes("..") || path.length > 255 || name === "" || name.length > longestName) {
    return `rename it in Vault: the catalogue takes names of a-z, A-Z, 0-9, -, _ and . between slashes`;
  }
  const variable = name
    .toUpperCase()
    .replaceAll("-", "_")
    .replace(/^(?=\d)/, "V");
  const external = `${name}: { authority: external, env: ${variable}, vault: ${path} }`;
  return `if it comes from outside the cluster, add to "secrets" in environments/catalogue.yaml: ${external}; if something in the cluster creates it, add to "clusterManaged": - { name: ${path}, authority: OWNER } and read its owner's Secret`;
}
