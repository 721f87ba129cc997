import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWK,
  type JWTPayload,
} from "jose";
import { exchange } from "../../clients/http.ts";
import { AzureError } from "./answer.ts";
import type { Keyed } from "./keyed.ts";
import type { FederatedCredential } from "./state.ts";

export type ClusterJwks = { readonly url: string; readonly caPem: string } | { readonly keys: readonly JWK[] };

const readMore = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/**
 * Trusts projected ServiceAccount tokens as Entra does: by federated credential first, then by the issuer's keys.
 *
 * @param clusterIssuer - of the one cluster that this Azure can reach.
 * @returns a check that throws AzureError in Entra's shape: AADSTS70021 if no credential matches, 700211 to 700213 if
 * only issuer, audience or subject differs, 700024 if expired, 700027 for a wrong signature, 5002738 if not RSA, 90061
 * if the issuer is unreachable, 50027 if it is not a JWT. `now` is in milliseconds since 1970.
 */
export function federation(clusterIssuer: string, jwks: ClusterJwks) {
  const keys = keySetOf(jwks);
  return async (assertion: string, credentials: Keyed<FederatedCredential>, now: number): Promise<void> => {
    const { claims, algorithm } = decode(assertion);
    if (!/^RS(?:256|384|512)$/.test(algorithm)) {
      // so a cluster that signs with ES256 cannot be federated
      const supported = "Supported signing algorithms are: 'RS256, RS384, RS512'";
      const text = `Invalid JWT token. '${algorithm}' is not a supported signature algorithm. ${supported}.`;
      throw AzureError.entra(401, "invalid_client", 5002738, text);
    }
    const { issuer } = matchCredential(credentials, claims, now);
    if (issuer !== clusterIssuer) throw issuerOutOfReach();
    try {
      await jwtVerify(assertion, keys, { issuer, currentDate: new Date(now) });
    } catch (error) {
      throw asEntraError(error, claims, now);
    }
  };
}

function matchCredential(all: Keyed<FederatedCredential>, claims: JWTPayload, now: number): FederatedCredential {
  const { iss: issuer = "", sub: subject = "", aud = [] } = claims;
  const audiences = [aud].flat();
  const candidates = [...all].filter(({ effectiveAt }) => effectiveAt <= now);
  const sameIssuer = candidates.filter((one) => one.issuer === issuer);
  const both = sameIssuer.filter((one) => one.subject === subject);
  const match = both.find((one) => one.audiences.some((audience) => audiences.includes(audience)));
  if (match !== undefined) return match;
  if (both.length > 0) throw noRecord(700212, "audience", audiences.join(", "));
  if (sameIssuer.length > 0) throw noRecord(700213, "subject", subject);
  if (candidates.some((one) => one.subject === subject)) throw noRecord(700211, "issuer", issuer);
  const text =
    `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion ` +
    `Subject: '${subject}'. Assertion Audience: '${audiences.join(", ")}'. ${readMore}`;
  throw AzureError.entra(400, "invalid_request", 70021, text);
}

function noRecord(code: number, what: string, presented: string): AzureError {
  const text =
    `No matching federated identity record found for presented assertion ${what} '${presented}'. Check your federated ` +
    `identity credential Subject, Audience and Issuer against the presented assertion. ${readMore}`;
  return AzureError.entra(401, "invalid_client", code, text);
}

function decode(assertion: string): { readonly claims: JWTPayload; readonly algorithm: string } {
  try {
    return { claims: decodeJwt(assertion), algorithm: decodeProtectedHeader(assertion).alg ?? "" };
  } catch {
    throw malformed();
  }
}

function keySetOf(jwks: ClusterJwks) {
  if ("keys" in jwks) return createLocalJWKSet({ keys: [...jwks.keys] });
  return createRemoteJWKSet(new URL(jwks.url), {
    // a recreated cluster has new keys
    cooldownDuration: 1000,
    [customFetch]: async (address: string) => {
      const { status, body } = await exchange(address, { ca: jwks.caPem, timeoutInMs: 5_000 });
      return new Response(body, { status });
    },
  });
}

function asEntraError(error: unknown, { nbf, exp }: JWTPayload, now: number): AzureError {
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const at = (seconds = 0) => new Date(seconds * 1000).toISOString();
    const text =
      `Client assertion is not within its valid time range. Current time: ${new Date(now).toISOString()}, assertion ` +
      `valid from ${at(nbf)}, expiry time of assertion ${at(exp)}. Review the documentation at ` +
      "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";
    return AzureError.entra(401, "invalid_client", 700024, text);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    const text = "Client assertion failed signature validation. [Reason - The key was not found or does not match.]";
    return AzureError.entra(401, "invalid_client", 700027, text);
  }
  return error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid ? malformed() : issuerOutOfReach();
}

function malformed(): AzureError {
  return AzureError.entra(400, "invalid_request", 50027, "JWT token is invalid or malformed.");
}

function issuerOutOfReach(): AzureError {
  return AzureError.entra(400, "invalid_request", 90061, "Request to External OIDC endpoint failed.");
}
