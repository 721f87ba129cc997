/**
 * A path as Vault resolves it. Its client appends the path to `/v1/` and cleans it, so `sys/../secret/data/a` also
 * writes `secret/data/a`. Decodes as often as the path was encoded, so that encoding cannot hide a name from a rule.
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
