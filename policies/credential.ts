import { shapeOf } from "../domain/value-shapes.ts";
import { remembered } from "./subject/reading.ts";
import { natureOf } from "./value-nature.ts";

/**
 * What a name says about its value. A `password` may be any text. A `token` comes from a machine and is not readable. A
 * `secret` is as often the name of a Secret. A `key` may be a name or public, so only a text that looks random counts.
 */
type NameKind = "password" | "token" | "secret" | "key";

/** Whether a value under such a name is a secret: `POSTGRES_PASSWORD`, `client-secret`, not `secretName` or `TOKEN_URL`. */
export function namesSecret(name: string): boolean {
  return kindOfName(name) !== undefined;
}

const kindOfName = remembered((name: string) => (name.length > 200 ? undefined : kindOfWords(wordsOf(name))));

/** Words of a name in any style, in lower case, without the group of an annotation and a number at the end. */
export function wordsOf(name: string): readonly string[] {
  const words = name
    .replace(/^.*\//s, "")
    .replaceAll(/([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$2-")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  return /^\d+$/.test(words.at(-1) ?? "") ? words.slice(0, -1) : words;
}

/** The last words decide. */
function kindOfWords(words: readonly string[]): NameKind | undefined {
  if (/^(?:existing|use|from|has|is|no|enable|enabled|disable|allow|require|automount|max|min)$/.test(words[0] ?? "")) {
    return undefined;
  }
  const last = (words.at(-1) ?? "").replace(/(?<!\d)\d+$/, "");
  const before = words.at(-2) ?? "";
  if (/pass(?:word|wd|phrase)s?$|^pwd$/.test(last)) return "password";
  if (last.endsWith("pass")) return /(?:by|com|encom|sur|tres|over|under)pass$/.test(last) ? undefined : "password";
  if (/secrets?$|^cred(?:ential)?s?$|[a-z]creds$/.test(last)) return "secret";
  if (/tokens?$|apikeys?$|privatekey$/.test(last)) return "token";
  if (/^(?:(?:secret|encryption|license|account|master|access|signing)keys?)$/.test(last)) return "key";
  if (!/^keys?$/.test(last)) return undefined;
  if (/^(?:api|private|unseal)$/.test(before)) return "token";
  if (before !== "access") {
    return /^(?:secret|encryption|signing|license|account|master|shared|session|hmac)$/.test(before)
      ? "key"
      : undefined;
  }
  // AWS calls the user name of a pair an access key; Azure the secret itself
  return words.some((word) => word === "secret") ? "token" : "key";
}

/** Why a text under a name is a secret; `undefined` if it is not. */
export function credentialIn(name: string, value: string): string | undefined {
  return shapeOf(value) ?? literalIn(name, value);
}

/** The same by the name alone. Outside a Kubernetes Secret, a literal may be the name of a Secret or of one of its keys. */
export function literalIn(
  name: string,
  value: string,
  where: "in-secret" | "elsewhere" = "elsewhere",
): string | undefined {
  const kind = kindOfName(name);
  if (kind === undefined || natureOf(value) !== undefined) return undefined;
  return where === "in-secret" || !isOnlyNamed(kind, name, value.trim()) ? "a literal" : undefined;
}

/** Whether a text names something instead of being it: `pullSecret: ghcr-pull`, `password: smtpPassword`. */
function isOnlyNamed(kind: NameKind, name: string, value: string): boolean {
  if (/^[a-z]+(?:[A-Z][a-z]+)+$/.test(value) && namesSecret(value)) return true; // the key of a Secret
  const isObject = isObjectName(value);
  if (isObject && value.includes("/")) return true;
  switch (kind) {
    case "password":
      return false;
    case "token":
      return isObject && (/[.-]/.test(value) || wordsOf(name).at(-1) === value);
    case "secret":
      return isObject && (/[.-]/.test(value) || name.includes("/") || !isUsualValue(wordsOf(name)));
    case "key":
      return !looksRandom(value);
  }
}

/** `clientSecret` and `JWT_SECRET` usually are values; `TLS_SECRET` and `secret` are as often names. */
function isUsualValue(words: readonly string[]): boolean {
  return /^(?:client|cookie|jwt|session|auth|nextauth|shared|app|api|oauth2?|hmac|webhook|consumer|user)$/.test(
    words.at(-2) ?? "",
  );
}

/** A readable Kubernetes name, with or without a namespace: `kube-system/ingress-ca`, `grafana.local-tls`. */
export function isObjectName(text: string): boolean {
  if (text.length > 253 || !/^[a-z0-9][a-z0-9.-]*(?:\/[a-z0-9][a-z0-9.-]*)?$/.test(text)) return false;
  return text
    .split(/[./-]/)
    .every((part) => /^(?:[a-z]{1,16}\d{0,3}|\d{1,4}|[a-z]{1,6}\d{1,2}[a-z]{1,10}|)$/.test(part));
}

function looksRandom(text: string): boolean {
  return (
    text.length >= 12 &&
    /[0-9]/.test(text) &&
    /[A-Za-z]/.test(text) &&
    /^[\w+/=.~!@#$%^&*-]+$/.test(text) &&
    !isObjectName(text)
  );
}
