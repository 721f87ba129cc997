import { shapeOf } from "../domain/credential-shapes.ts";

/** Names whose value is a secret if it is a literal. */
const secretWord =
  /(?:pass(?:word|wd|phrase)?|secret|token|api[_.-]?key|private[_.-]?key|access[_.-]?key|credentials?|unseal[_.-]?key)$/i;
/** ... unless they only say where it is, how it is made, or that there is one. */
const notTheValue =
  /(?:name|ref|path|file|url|uri|id|type|namespace|enabled|ttl|policy|length|prefix|version|store|key[_.-]?name|mount|dir)$/i;

/** Whether a value under such a name is a secret: `POSTGRES_PASSWORD`, `client-secret`, not `secretName`. */
export function namesSecret(name: string): boolean {
  return secretWord.test(name) && !notTheValue.test(name) && !/^existing/i.test(name);
}

/**
 * Whether a text is the value itself: no template, no reference, no path, no switch. A value that a template fills in later
 * is no literal.
 */
export function isLiteral(value: string): boolean {
  const bare = value.trim();
  if (bare === "" || bare.length < 4) return false;
  if (/\{\{|\}\}|\$\{|\$\(|<[\w:./# -]+>|^\$[A-Z_]+$|^(?:ref\+|vault:|secretref:)/i.test(bare)) return false;
  if (/^(?:true|false|null|none|disabled|enabled|\*+|\d+)$/i.test(bare)) return false;
  return !/^(?:\.{0,2}\/|[a-z]+:\/\/[^@]*$)/.test(bare);
}

/** What makes a literal under a name a secret; `undefined` where nothing does. */
export function credentialIn(name: string, value: string): string | undefined {
  const shape = shapeOf(value);
  if (shape !== undefined) return shape;
  return namesSecret(name) && isLiteral(value) && !namesObject(name, value) ? "a literal" : undefined;
}

/** `existingSecret: grafana-admin-credentials`, `pullSecret: ghcr-pull`: the name of a Secret, not a secret. */
function namesObject(name: string, value: string): boolean {
  return /secrets?$/i.test(name) && /^[a-z]+(?:-[a-z]+)+$/.test(value);
}
