import { readFile } from "node:fs/promises";
import { BootstrapFailure, messageOf } from "./failure.ts";
import type { RetryVerdict } from "../clients/pacing.ts";
import type { Timing } from "./timing.ts";

export interface AzureIdentity {
  readonly clientId: string;
  readonly tenantId: string;
  /** The projected token, as AZURE_FEDERATED_TOKEN_FILE names it. */
  readonly tokenFile: string;
  readonly authorityHost?: string;
}

export interface AzureFault {
  /** `federation`: the token endpoint refused. */
  readonly kind: "federation" | "token-file" | keyof typeof failures;
  /** Of `federation`, such as AADSTS70021. */
  readonly code?: string;
}

/** Entra answers with these for a while after a federated credential or its identity was created. */
const propagatingCodes = new Set(["AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213", "AADSTS700016"]);

/** Node's codes of a certificate that is not trusted: waiting does not help. */
const certificateCodes = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS/;

/** The fields that Azure's errors add to an Error. */
interface Shape extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  /** By MSAL's name. */
  readonly status?: number;
  readonly details?: unknown;
}

/** Azure's libraries wrap errors in errors: all texts of the chain, outermost first. */
function chainOf(error: unknown): Shape[] {
  const chain: Shape[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain;
}

function textOf(error: unknown): string {
  return chainOf(error)
    .map((part) => `${part.message} ${part.code ?? ""} ${JSON.stringify(part.details ?? "")}`)
    .join(" ");
}

export function statusOf(error: unknown): number | undefined {
  return chainOf(error)
    .map(({ statusCode, status }) => statusCode ?? status)
    .find((status) => typeof status === "number");
}

export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404 && textOf(error).includes("SecretNotFound");
}

/** A disabled secret is a 403 too, but not a missing right. */
export function isDisabled(error: unknown): boolean {
  return statusOf(error) === 403 && /SecretDisabled|disabled secret/.test(textOf(error));
}

export function faultOf(error: unknown): AzureFault | undefined {
  const text = textOf(error);
  const status = statusOf(error);
  const aadsts = /AADSTS\d+/.exec(text)?.[0];
  if (certificateCodes.test(text)) return { kind: "certificate" };
  if (aadsts !== undefined && status !== 429 && (status ?? 400) < 500) return { kind: "federation", code: aadsts };
  if (/challenge (resource|contains)/.test(text)) return { kind: "challenge" };
  if (/ENOENT|No content on the file/.test(text)) return { kind: "token-file" };
  if (status === 403 && /ForbiddenByFirewall|ForbiddenByConnection|Client address is not/.test(text)) {
    return { kind: "network-rule" };
  }
  if (status === 403) return { kind: "rbac" };
  if (status === 401 || status === 400) return { kind: "refused" };
  if (status === 429) return { kind: "throttled" };
  const isNetwork =
    /REQUEST_SEND_ERROR|ENOTFOUND|ECONN|EAI_AGAIN|ETIMEDOUT|EPIPE|EPROTO|socket|aborted|network_error|endpoints_resolution/;
  if (status !== undefined || isNetwork.test(text)) return { kind: "unreachable" };
  return undefined;
}

/**
 * Requests to Key Vault were retried already: this is for the token endpoint, and for propagation if this run may wait.
 */
export function azureVerdict({
  timing,
  propagates,
}: {
  readonly timing: Pick<Timing, "propagationInMs" | "propagationPollInMs">;
  readonly propagates: () => boolean;
}): (error: unknown) => RetryVerdict {
  return (error) => {
    const fault = faultOf(error);
    const isPropagation =
      fault?.kind === "rbac" || (fault?.kind === "federation" && propagatingCodes.has(fault.code ?? ""));
    if (isPropagation) return propagates() ? { afterInMs: timing.propagationPollInMs } : undefined;
    const isTokenEndpoint = chainOf(error).some(({ name }) => /^(Authentication|Credential)/.test(name));
    if ((fault?.kind !== "unreachable" && fault?.kind !== "throttled") || !isTokenEndpoint) return undefined;
    return timing.propagationInMs === 0 || propagates() ? {} : undefined;
  };
}

export interface AzureContext {
  /** Such as `list the secrets`. */
  readonly what: string;
  readonly vault: string;
  readonly identity: AzureIdentity;
}

type Failure = readonly [code: BootstrapFailure["code"], problem: string, fix: string];

const failures = {
  rbac: ({ what, vault, identity }, because) => [
    "source-forbidden",
    `identity ${identity.clientId} is not allowed to ${what} of ${vault}: ${because}`,
    "ameide-secrets up --stack shared gives it the role Key Vault Secrets User at the vault's scope; a new assignment takes up to 10 minutes",
  ],
  "network-rule": ({ vault }, because) => [
    "source-forbidden",
    `the network rules of ${vault} block this pod: ${because}`,
    "list the cluster's egress addresses or subnets in Pulumi.shared.yaml under azure.network, then: ameide-secrets up --stack shared; with publicAccess: false the cluster needs a private endpoint",
  ],
  refused: ({ what, vault, identity }, because) => [
    "source-forbidden",
    `${vault} refused to ${what}: ${because}`,
    `check that tenant ${identity.tenantId} is the vault's: az keyvault show --name <key-vault> --query properties.tenantId`,
  ],
  certificate: ({ vault }, because) => [
    "source-unreachable",
    `the certificate of ${vault} or of its token endpoint is not trusted: ${because}`,
    "set the PEM of its CA as azure.extraCaPem in Pulumi.shared.yaml, then: ameide-secrets up --stack <stack>",
  ],
  challenge: ({ vault }, because) => [
    "bad-configuration",
    `${vault} names another resource than its own host: ${because}`,
    "check the vault's address: only Azure's public cloud is supported",
  ],
  throttled: ({ what, vault }, because) => [
    "source-throttled",
    `${vault} has too many requests and refused to ${what}: ${because}`,
    "find what reads the vault so often, or raise bootstrapIntervalInMinutes; the next run continues from here",
  ],
  unreachable: ({ what, vault }, because) => [
    "source-unreachable",
    `cannot ${what} of ${vault}: ${because}`,
    "check that the pod's egress is allowed and that the vault's name resolves in the cluster",
  ],
} as const satisfies Record<string, (context: AzureContext, because: string) => Failure>;

/** @returns a BootstrapFailure; the error itself if Azure did not cause it. */
export async function azureFailure(error: unknown, context: AzureContext): Promise<unknown> {
  const { kind, code = "" } = faultOf(error) ?? {};
  if (kind === undefined) return error;
  if (kind === "token-file") return tokenFileMissing(context.identity.tokenFile);
  const [cause, problem, fix] =
    kind === "federation"
      ? await federationFailure(code, context.identity, messageOf(error))
      : failures[kind](context, messageOf(error));
  return new BootstrapFailure(cause, problem, fix, { cause: error });
}

/** Azure's library treats an empty file as one that it already read. @throws BootstrapFailure `token-file-missing` */
export async function requireTokenFile({ tokenFile }: AzureIdentity): Promise<void> {
  const token = await readFile(tokenFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw tokenFileMissing(tokenFile, error.code);
  });
  if (token.trim() === "") throw tokenFileMissing(tokenFile);
}

function tokenFileMissing(file: string, code = "ENOENT"): BootstrapFailure {
  const where = code === "ENOENT" ? `${file} does not exist or is empty` : `${file} cannot be read (${code})`;
  return new BootstrapFailure(
    "token-file-missing",
    file === "" ? "AZURE_FEDERATED_TOKEN_FILE is not set" : `the federated token ${where}`,
    "ameide-secrets up --stack <stack> projects the token in the pod template; check whether something else owns the CronJob",
  );
}

async function federationFailure(
  code: string,
  { tenantId, clientId, tokenFile }: AzureIdentity,
  because: string,
): Promise<Failure> {
  if (code === "AADSTS700016" || code === "AADSTS90002") {
    return [
      "federation-mismatch",
      `${code}: tenant ${tenantId} has no application ${clientId}`,
      "the identity was recreated or is in another tenant: ameide-secrets up --stack <stack> sets the client id from its output",
    ];
  }
  const { sub, iss, aud } = await claimsOf(tokenFile);
  const claims = `subject ${sub}, issuer ${iss}, audience ${aud}`;
  if (propagatingCodes.has(code)) {
    return [
      "federation-mismatch",
      `${code}: Entra has no federated credential of identity ${clientId} for ${claims}`,
      "ameide-secrets doctor --stack <stack> shows whether it exists: if not, ameide-secrets up --stack <stack> creates it; if it does, it is new, and Entra needs some minutes",
    ];
  }
  return [
    "federation-mismatch",
    `Entra refused the federated token of ${claims}: ${because}`,
    `look up ${code} at https://login.microsoftonline.com/error; the issuer must be the cluster's own, and Entra must be able to reach it`,
  ];
}

/** The claims that must match, read from the token's payload; its signature goes nowhere. */
async function claimsOf(tokenFile: string): Promise<{ sub: string; iss: string; aud: string }> {
  try {
    const payload = (await readFile(tokenFile, "utf8")).split(".")[1] ?? "";
    const { sub, iss, aud } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
    return { sub: String(sub), iss: String(iss), aud: String(aud) };
  } catch {
    return { sub: "unreadable", iss: "unreadable", aud: "unreadable" };
  }
}
