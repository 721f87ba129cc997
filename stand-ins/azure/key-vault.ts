import type { z } from "zod";
import { keyVaultResource, type Caller } from "./access-token.ts";
import { AzureError, bearerToken, type AzureAnswer, type AzureRequest } from "./answer.ts";
import { nowInSeconds, type AzureContext } from "./context.ts";
import { Keyed } from "./keyed.ts";
import { RateWindow } from "./rate-window.ts";
import { checkRole, secretActions, type SecretAction } from "./role-check.ts";
import * as secrets from "./secrets.ts";
import type { DeletedSecret, Secret, SecretVersion, Vault } from "./state.ts";

interface SecretCall {
  readonly vault: Vault;
  readonly origin: string;
  readonly request: AzureRequest;
  /** Empty for an operation on the whole vault. */
  readonly name: string;
  /** Empty for the current one. */
  readonly version: string;
  /** Seconds since 1970, as are all times of Key Vault. */
  readonly now: number;
}

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  /** Name in the counters and faults. */
  readonly kind: string;
  readonly action: SecretAction;
  /** @returns the answer's body; `undefined` for a 204. */
  readonly perform: (call: SecretCall) => unknown;
}

function operation(
  method: string,
  path: string,
  kind: string,
  action: SecretAction,
  perform: Operation["perform"],
): Operation {
  const pattern = path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
  return { method, path: new RegExp(`^${pattern}$`, "i"), kind, action, perform };
}

const { get, readMetadata, set, update, delete: remove, recover, purge } = secretActions;

const operations: readonly Operation[] = [
  operation("GET", "/secrets", "secret-list", readMetadata, (call) =>
    pageOf(call, call.vault.secrets, (secret) => itemOf(call, secret)),
  ),
  operation("GET", "/secrets/:name/versions", "secret-list-versions", readMetadata, (call) => {
    const secret = secrets.existingSecret(call.vault, call.name);
    // Key Vault lists versions by name, not by time
    const versions = new Keyed<SecretVersion>(({ version }) => version, secret.versions);
    return pageOf(call, versions, (version) => propertiesOf(call, secret, version));
  }),
  operation("GET", "/secrets/:name(?:/:version)?", "secret-get", get, (call) => {
    const secret = secrets.existingSecret(call.vault, call.name);
    const version = secrets.versionOf(secret, call.version);
    if (version.enabled) return bundleOf(call, secret, version);
    const message = "Operation get is not allowed on a disabled secret.";
    throw AzureError.keyVault(403, "Forbidden", message, { inner: "SecretDisabled" });
  }),
  operation("PUT", "/secrets/:name", "secret-set", set, (call) => {
    const { attributes, ...input } = parse(secrets.secretBody, call.request);
    return bundleOf(call, secrets.setSecret(call.vault, call.name, { ...input, ...attributes }, call.now));
  }),
  operation("PATCH", "/secrets/:name(?:/:version)?", "secret-update", update, (call) => {
    const { attributes, ...input } = parse(secrets.secretProperties, call.request);
    const secret = secrets.existingSecret(call.vault, call.name);
    const version = secrets.versionOf(secret, call.version);
    return propertiesOf(call, secret, Object.assign(version, input, attributes, { updated: call.now }));
  }),
  operation("DELETE", "/secrets/:name", "secret-delete", remove, (call) =>
    deletedOf(call, secrets.deleteSecret(call.vault, call.name, call.now)),
  ),
  operation("GET", "/deletedsecrets", "deleted-secret-list", readMetadata, (call) =>
    pageOf(call, call.vault.deletedSecrets, (secret) => ({ ...deletedOf(call, secret), ...itemOf(call, secret) })),
  ),
  operation("GET", "/deletedsecrets/:name", "deleted-secret-get", readMetadata, (call) =>
    deletedOf(call, secrets.deletedSecret(call.vault, call.name)),
  ),
  operation("POST", "/deletedsecrets/:name/recover", "deleted-secret-recover", recover, (call) =>
    propertiesOf(call, secrets.recoverSecret(call.vault, call.name)),
  ),
  operation("DELETE", "/deletedsecrets/:name", "deleted-secret-purge", purge, ({ vault, name }) =>
    secrets.purgeSecret(vault, name),
  ),
];

function operationOf({ method, path }: AzureRequest): Operation | undefined {
  return operations.find((one) => one.method === method && one.path.test(path));
}

export function keyVaultKind(request: AzureRequest): string {
  return request.authorization === undefined ? "challenge" : (operationOf(request)?.kind ?? "unknown");
}

/** @returns `undefined` without a vault: Azure then has no such host. @throws AzureError in Key Vault's shape. */
export async function answerKeyVault(context: AzureContext, request: AzureRequest): Promise<AzureAnswer | undefined> {
  const { state, origin, writer } = context;
  const [vault] = state.vaults;
  if (vault === undefined) return undefined;
  const caller = await authenticate(context, request);
  if (!request.query.has("api-version")) throw badParameter("The request is missing the query parameter api-version.");
  const found = operationOf(request);
  if (found === undefined)
    throw AzureError.keyVault(404, "NotFound", `No operation answers ${request.method} ${request.path}.`);
  const { name = "", version = "" } = found.path.exec(request.path)?.groups ?? {};
  if (name !== "" && !secrets.isSecretName(name)) {
    throw badParameter(`The request URI contains an invalid name: ${name}`);
  }
  throttle(context, found.kind);
  checkRole(context, caller, found.action, vault, name);
  const now = nowInSeconds(context);
  secrets.purgeExpired(vault, now);
  const body = found.perform({ vault, origin, request, name, version, now });
  if (request.method !== "GET") writer.changed();
  return body === undefined ? { status: 204 } : { status: 200, body };
}

/** @throws AzureError 401 with the challenge that names authority and resource. */
async function authenticate(context: AzureContext, request: AzureRequest): Promise<Caller> {
  const token = bearerToken(request);
  if (token === undefined) throw challenge(context, "AKV10000: Request is missing a Bearer or PoP token.");
  const caller = await context.authority.recognise(token, context.now());
  if (caller === undefined)
    throw challenge(context, "AKV10001: Error validating token: it is not one of this tenant, or has expired.");
  if (caller.kind === "operator" || caller.audience === keyVaultResource) return caller;
  throw challenge(context, `AKV10022: Invalid audience. Expected ${keyVaultResource}, found: ${caller.audience}.`);
}

function challenge({ origin, state }: AzureContext, message: string): AzureError {
  const authorization = `${origin}/${state.tenantId}`;
  const headers = { "WWW-Authenticate": `Bearer authorization="${authorization}", resource="${keyVaultResource}"` };
  return AzureError.keyVault(401, "Unauthorized", message, { headers });
}

/** Creations have their own limit. @throws AzureError 429 Throttled with Retry-After in whole seconds. */
function throttle({ settings, rateWindows, now }: AzureContext, kind: string): void {
  const { throttling, creationsPer10Seconds, transactionsPer10Seconds } = settings;
  if (!throttling) return;
  const isCreation = kind === "secret-set";
  const limit = isCreation ? creationsPer10Seconds : transactionsPer10Seconds;
  const key = `${isCreation} ${limit}`;
  const window = rateWindows.get(key) ?? new RateWindow(limit, 10_000);
  rateWindows.set(key, window);
  const wait = window.take(now());
  if (wait === 0) return;
  const message =
    "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached";
  const headers = { "Retry-After": String(Math.ceil(wait / 1000)) };
  throw AzureError.keyVault(429, "Throttled", message, { headers });
}

function bundleOf(call: SecretCall, secret: Secret, version = secrets.currentOf(secret)) {
  return { value: version.value, ...propertiesOf(call, secret, version) };
}

function propertiesOf({ origin, vault }: SecretCall, secret: Secret, version = secrets.currentOf(secret)) {
  const { enabled, nbf, exp, created, updated, contentType, tags } = version;
  const { softDeleteRetentionInDays: recoverableDays, enablePurgeProtection } = vault;
  const recoverable = recoverableDays < 90 ? "CustomizedRecoverable" : "Recoverable";
  const recoveryLevel = enablePurgeProtection ? recoverable : `${recoverable}+Purgeable`;
  return {
    id: `${origin}/secrets/${secret.name}/${version.version}`,
    attributes: { enabled, nbf, exp, created, updated, recoveryLevel, recoverableDays },
    contentType,
    tags,
  };
}

/** Like Azure, without the version in its id. */
function itemOf(call: SecretCall, secret: Secret) {
  return { ...propertiesOf(call, secret), id: `${call.origin}/secrets/${secret.name}` };
}

function deletedOf(call: SecretCall, secret: DeletedSecret) {
  const { name, deletedDate, scheduledPurgeDate } = secret;
  const recoveryId = `${call.origin}/deletedsecrets/${name}`;
  return { ...propertiesOf(call, secret), recoveryId, deletedDate, scheduledPurgeDate };
}

const maxResults = 25;

/** `$skiptoken` is the key of the previous page's last item. @throws AzureError 400 BadParameter. */
function pageOf<T>({ origin, request }: SecretCall, all: Keyed<T>, document: (item: T) => unknown) {
  const { path, query } = request;
  const size = Number(query.get("maxresults") ?? maxResults);
  if (!Number.isInteger(size) || size < 1 || size > maxResults) {
    throw badParameter(`The value of maxresults must be between 1 and ${maxResults}.`);
  }
  const page = all.after(Buffer.from(query.get("$skiptoken") ?? "", "base64url").toString(), size + 1);
  const items = page.slice(0, size);
  const last = page.length > size ? items.at(-1) : undefined;
  if (last === undefined) return { value: items.map(document), nextLink: null };
  const next = new URL(`${path}?${query.toString()}`, origin);
  next.searchParams.set("$skiptoken", Buffer.from(all.keyOf(last)).toString("base64url"));
  return { value: items.map(document), nextLink: next.href };
}

function parse<T>(schema: z.ZodType<T>, { body }: AzureRequest): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw badParameter("The request body is not valid JSON.");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `Property ${path.map(String).join(".")} has invalid value: ${message}`,
  );
  throw badParameter(issues.join("; "));
}

function badParameter(message: string): AzureError {
  return AzureError.keyVault(400, "BadParameter", message);
}
