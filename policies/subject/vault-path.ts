/**
 * A path as Vault resolves it. Vault's client joins it to `/v1/` and cleans it before it sends the request, so that
 * `sys/../secret/data/a`, `secret//data/a` and `../v1/secret/data/a` all write `secret/data/a`. An encoded character is
 * decoded as well, as often as it was encoded: whoever resolves it, it hides no name from a rule.
 *
 * @see https://github.com/hashicorp/vault/blob/main/api/client.go - `NewRequest`
 */
export function resolveVaultPath(path: string): string {
  const parts: string[] = [];
  for (const part of decoded(path).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  if (parts[0] === "v1") parts.shift();
  return parts.join("/");
}

/** The name under the KV v2 mount: `/secret/data/a`, `secret/a`, `sys/../secret/a` and `a` are one. */
export function vaultPath(key: string): string {
  return resolveVaultPath(key).replace(/^secret\/(?:(?:data|metadata)\/)?/, "");
}

/**
 * Whether a path is one of Vault's own configuration and holds no value of a KV engine.
 *
 * @param path - as {@link resolveVaultPath} returns it.
 */
export function isVaultConfiguration(path: string): boolean {
  return /^(?:auth|sys|identity)\//.test(path);
}

function decoded(path: string): string {
  let text = path;
  for (let round = 0; round < 8 && /%[0-9a-f]{2}/i.test(text); round += 1) {
    text = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) => {
      try {
        return decodeURIComponent(codes);
      } catch {
        return codes; // no UTF-8: such a name is in no catalogue, and refused
      }
    });
  }
  return text;
}
