/**
 * A path as Vault resolves it. Vault's client appends it to `/v1/` and cleans it, so that `sys/../secret/data/a`,
 * `secret//data/a` and `../v1/secret/data/a` all write `secret/data/a`. Encoded characters are decoded, as often as they
 * were encoded, so that they cannot hide a name from a rule.
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

/** The name below the KV v2 mount: the same for `/secret/data/a`, `secret/a`, `sys/../secret/a` and `a`. */
export function vaultPath(key: string): string {
  return resolveVaultPath(key).replace(/^secret\/(?:(?:data|metadata)\/)?/, "");
}

/** Whether a resolved path belongs to Vault's own configuration. */
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
        return codes; // not UTF-8: no catalogue has such a name, so it is refused
      }
    });
  }
  return text;
}
