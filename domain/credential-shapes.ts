/** Texts that are secrets under any name. Each prefix is the issuer's own. */
const shapes: readonly (readonly [name: string, shape: RegExp])[] = [
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,})/],
  ["a GitLab token", /\bglpat-[\w-]{20,}/],
  ["an Anthropic key", /\bsk-ant-[\w-]{20,}/],
  ["an OpenAI key", /\bsk-(?:proj-)?[A-Za-z0-9]{32,}/],
  ["a Langfuse key", /\bsk-lf-[0-9a-f-]{30,}/],
  ["a Slack token", /\bxox[abprs]-[\w-]{10,}/],
  ["a Slack webhook", /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{20,}/],
  ["a Discord webhook", /\bdiscord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{20,}/],
  ["a Teams webhook", /\b(?:webhook\.office|outlook\.office)(?:365)?\.com\/webhook[\w/@-]{20,}/],
  ["an AWS access key", /\bAKIA[0-9A-Z]{16}\b/],
  ["a Vault token", /\bhv[sbr]\.[\w-]{20,}/],
  ["a storage account key", /AccountKey=[A-Za-z0-9+/=]{40,}/],
  ["a shared access key", /\bSharedAccessKey=[A-Za-z0-9+/=]{20,}/],
  ["a shared access signature", /[?&;]sig=[A-Za-z0-9%+/=_-]{20,}/],
  ["a connection string with a password", /;\s*(?:password|pwd)\s*=\s*[^\s;{}$<*"']{3,}/i],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|\s)*[A-Za-z0-9+/=]{40,}/],
  ["a signed token", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ["a URL with a password", /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@{}$<]+:[^\s:/@{}$<]{3,}@[\w.-]/],
];

/** What kind of secret a text is by its shape; `undefined` if its shape says nothing. */
export function shapeOf(value: string): string | undefined {
  if (value.length < 11) return undefined; // shorter than every shape
  return shapes.find(([, shape]) => shape.test(value))?.[0];
}
