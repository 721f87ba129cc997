import { isPlaceholderShape } from "../domain/value-shapes.ts";

const references: readonly RegExp[] = [
  // vals, bank-vaults, Vault agent, ArgoCD's image updater, Spring, LiteLLM, Docker, Nomad
  /^(?:ref\+|vault:|secretref:|valuefrom:|pullsecret:|secret:|env:|file:|keyvault:|akvs:|k8s:|configmap:|os\.environ[/.[]|process\.env\.|env\.[A-Z])/i,
  /^(?:!vault|!ref|!secret|!env|!include)\b/i,
  /^arn:[\w-]+:(?:secretsmanager|ssm|kms|iam):/i,
  /^projects\/[\w-]+\/(?:locations\/[\w-]+\/)?secrets\//,
  /^@Microsoft\.KeyVault\(/i,
  /^@[\w.-]*\//, // a path after a prefix of the project
  /^(?:env|file|lookup|secret|vault|getenv|os\.getenv)\(.*\)$/i,
  /^\{(?:env|file|vault)\.[^}]+\}$/, // Caddy
  /^(?:secret|kv)\/(?:data\/)?[\w/-]+(?:#\w+)?$/,
];

/** Encrypted texts: `ENC[` of SOPS and eyaml, Ansible, age, PGP, Vault's transit engine, Spring, jasypt, dotenvx. */
const ciphertexts: readonly RegExp[] = [
  /^ENC\[/,
  /^\$ANSIBLE_VAULT;/,
  /^-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----/,
  /^age-encryption\.org\//,
  /^vault:v\d+:/,
  /^\{cipher\}/,
  /^ENC\(.*\)$/,
  /^encrypted:/,
  /^Ag[A-Za-z0-9+/]{200,}={0,2}$/, // kubeseal
];

/** Shapes of password hashes. @see https://man7.org/linux/man-pages/man5/crypt.5.html */
const hashes =
  /^(?:[\w.@-]+:)?(?:\$(?:2[abxy]?|argon2(?:id|i|d)|apr1|[1567y]|scrypt|pbkdf2[\w-]*)\$|\{(?:S?SHA|SSHA\d+|CRYPT|BCRYPT)\})/;

const switches =
  /^(?:true|false|yes|no|on|off|null|nil|none|auto(?:matic)?|default|disabled?|enabled?|required|optional|string|boolean|kubernetes|anonymous|\d+(?:\.\d+)?(?:ms|[smhdwy])?)$/i;

/** Placeholders in manuals that people also use as passwords. */
const weakPasswords = /^(?:password|passwd|passphrase|secret|supersecret)\d*$/i;

const templates =
  /\{\{|\}\}|\$\{|\$\(|<[\w:./# -]+>|^\$\$?\w+$|^%\w+%$|^%\{.*\}$|%\(\w+\)s|^#\{.*\}#?$|^@\w+@$|^\(\([\w./-]+\)\)$|^\[\[.*\]\]$|\$__(?:file|env|vault)\{/;

/** `undefined` for a text that may be a secret. Ask before the name: a reference or ciphertext never is one. */
export function natureOf(value: string) {
  const bare = value.trim();
  if (bare.length < 4) return "empty";
  if (ciphertexts.some((shape) => shape.test(bare))) return "ciphertext";
  if (templates.test(bare)) return "template";
  if (hashes.test(bare)) return "hash";
  if (references.some((shape) => shape.test(bare))) return "reference";
  if (switches.test(bare)) return "switch";
  if (isFile(bare)) return "file";
  if (/^[a-z][a-z0-9+.-]*:\/\/[^@]*$/i.test(bare)) return "address";
  if (isVariable(bare)) return "variable";
  if (isPlaceholderShape(bare) && !weakPasswords.test(bare)) return "placeholder";
  return isProse(bare) ? "prose" : undefined;
}

export function encryptedBy(value: string): string | undefined {
  const bare = value.trim();
  if (bare.startsWith("ENC[AES256_GCM,")) return "SOPS";
  if (bare.startsWith("$ANSIBLE_VAULT;")) return "Ansible Vault";
  if (/^(?:-----BEGIN AGE ENCRYPTED FILE|age-encryption\.org\/)/.test(bare)) return "age";
  return undefined;
}

function isFile(text: string): boolean {
  if (/^(?:\.{0,2}|~)\/[^\s]*$/.test(text) && !/[+=]$/.test(text)) return true;
  return /^[\w./-]+\.(?:pem|key|crt|cer|txt|json|ya?ml|env|toml|ini|p12|pfx|jks)$/i.test(text);
}

/** The name of a variable or key, or a placeholder in capitals: `SMTP_PASSWORD`, `APP_KEY_2`, `CHANGE-THIS-PASSWORD`. */
function isVariable(text: string): boolean {
  return (
    /^[A-Z][A-Z0-9]*(?:_+(?=[A-Z0-9]*[A-Z])[A-Z0-9]+)+(?:_\d+)?$/.test(text) || /^[A-Z]{2,}(?:[- ][A-Z]+)+$/.test(text)
  );
}

/** More words than a passphrase has, of letters only. */
function isProse(text: string): boolean {
  const words = text.split(/\s+/);
  return words.length > 5 && words.filter((word) => /^[A-Za-z'’(),.:;-]+$/.test(word)).length > words.length * 0.8;
}
