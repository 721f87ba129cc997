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

/** Whether a text is what vendors and people write where a secret belongs: `your-api-key`, `<token>`, `sk-...`. */
export function isPlaceholderShape(value: string): boolean {
  const text = value.trim();
  return (
    wrapped.test(text) ||
    filler.test(text) ||
    documented.test(text) ||
    reservedHost.test(text) ||
    openSlot.test(text) ||
    /^base[-_]?64[-_ ]?encoded/i.test(text) ||
    isPlaceholderPhrase(text)
  );
}

/** A name in brackets: `<your-key>`, `[your key]`, `{token}`, `__TOKEN__`, `#{Token}#`; but `__token__` is PyPI's user. */
const wrapped =
  /^(?:<[^<>]{1,80}>|\[[A-Za-z]+(?:[ _-][A-Za-z]+)+\]|\{[A-Za-z]+(?:[ _-][A-Za-z]+)*\}|__(?!token__)[A-Za-z]+(?:[_-][A-Za-z]+)*__|@@[A-Za-z_-]+@@|#\{[\w. -]+\}#?|%[A-Za-z_]+%)$/;

/** Nothing but filling after an issuer's prefix: `sk-...`, `ghp_xxxx`, `AKIAXXXX`, `****`. */
const filler = /^(?:(?:[a-z][a-z\d]{0,7}[-_]){0,3}|AKIA|AIza|SG\.)(?:x{3}|[*.•?]{3}|…)[-_.x*•?…]*$/i;

/** The keys of AWS's own documentation. */
const documented = /^(?:AKIA[A-Z\d]{9}|[A-Za-z\d/+]{30})EXAMPLE$|EXAMPLEKEY$/;

/** Addresses at the names that RFC 2606 reserves for documentation: no account exists there. */
const reservedHost = /(?:@|:\/\/(?:[^\s/@]*@)?)(?:[\w-]+\.)*example\.(?:com|net|org)(?=[:/?#>]|$)/i;

/** A part of a URL or of a connection string that is left open: `:<password>@`, `[YOUR-PASSWORD]`, `user:password@`. */
const openSlot =
  /[:/@=;](?:<[A-Za-z]+(?:[ _-][A-Za-z]+)*>|\[YOUR[-_ A-Z]*\])|:\/\/(?:user|username|login):(?:pass|passwd|password|secret)@|[/@=]your[-_][a-z]/i;

const credential =
  "(?:keys?|tokens?|secrets?|passwords?|passwd|passphrase|pass|username|user|credentials?|values?|id|email|e-?mail|name|string)";
const qualifier =
  "(?:own|new|real|actual|super|api|app|secret|access|private|public|auth|client|db|database|admin|jwt|session|encryption|signing|webhook|openai|anthropic|github|google|aws|azure|stripe|slack|service|account|bot|personal)";

/** The words of the whole value, in lower case with one space between: letters, and numbers of three digits at most. */
const phrases: readonly RegExp[] = [
  /^your(?:s| .+)$/,
  new RegExp(`^(?:your|my)(?: ?${qualifier})* ?${credential}(?: here)?$`),
  /^(?:please )?(?:change|replace|set|fill|insert|update|edit) ?(?:me|this|it)(?: .*)?$/,
  /^(?:please )?(?:change|replace|insert|enter|add|put|paste|fill|set|provide|generate|create|supply|get|use) (?:in|with|your|a|an|the|here|new|real|value|from|by|to|one|own)(?: .*)?$/,
  new RegExp(`^(?:insert|enter|add|put|paste|provide|replace|change)(?: ${qualifier})* ${credential}(?: .*)?$`),
  new RegExp(`^(?:.* )?(?:${credential}|goes) here$`),
  /^(?:to ?do|tbd|fix ?me|n\/a|redacted|placeholder|dummy|fake|example|undefined|not set|unset|none|null)$/,
  new RegExp(`^(?:.* )?(?:placeholder|dummy|fake|example|redacted|todo)(?: ${qualifier})*(?: ${credential})?$`),
  /\b(?:change|replace|update) ?(?:me|this|it|in production|in prod|for production|before)\b/,
  /\bshould be (?:changed|replaced|updated|secret)\b|\bopenssl rand\b|\bat least \d+ (?:chars?|characters?|bytes?)\b/,
  /^(?:(?:set|use|generate|some|an?|any) )*(?:(?:very|long|strong|secure|random|super|unique|secret) )+(?:string|keys?|passwords?|secrets?|tokens?|values?|phrase|jwt)(?: .*)?$/,
  /^(?:password|passwd|secret|secret key|supersecret|pass ?phrase)$/,
  /^(?:will be )?(?:defined|definded|provided|injected|stored|managed|supplied|overridden|set|comes|taken|kept) (?:in|by|from|via|at|through)(?: .*)?$/,
  /^(?:auto ?)?(?:replaced?|generated?|filled|injected)(?: .*)?$/,
  new RegExp(`^not (?:a |the )?(?:real|actual|valid)(?: .*)?$`),
];

/** Prefixes of issuers, after which a manual writes words: `sk-your-key`, `ghp_your_token_here`. */
const issuerPrefix =
  /^(?:sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abp]|hvs|whsec)[-_.](?:(?:live|test|proj|ant)[-_])?(?=[a-z])/i;

function isPlaceholderPhrase(text: string): boolean {
  const bare = text.replace(issuerPrefix, "");
  if (bare.length > 80 || !/^!?[A-Za-z/]+(?:[ _.-]+(?:[A-Za-z/]+|\d{1,3}))*[\d!.]{0,4}$/.test(bare)) return false;
  const words = bare
    .replaceAll(/^!|(?<![\d!.])[\d!.]+$/g, "")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[_.\s-]+/g, " ")
    .toLowerCase();
  return phrases.some((phrase) => phrase.test(words));
}
