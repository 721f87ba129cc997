import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult, type JWK } from "jose";

export const audience = "api://AzureADTokenExchange";

interface TokenClaims {
  readonly subject: string;
  readonly audience?: string;
  readonly issuer?: string;
  /** Seconds from now; negative for one that is over. */
  readonly expiresIn?: number;
}

/** A cluster's issuer as far as Entra sees it: a key pair and the tokens that it signs. */
export interface Cluster {
  readonly issuer: string;
  readonly keys: readonly JWK[];
  token(claims: TokenClaims): Promise<string>;
}

/** Made once for all tests: an RSA key takes long to make. */
let keyPair: Promise<GenerateKeyPairResult> | undefined;

export async function makeCluster(issuer: string): Promise<Cluster> {
  keyPair ??= generateKeyPair("RS256");
  const { publicKey, privateKey } = await keyPair;
  const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" };
  return {
    issuer,
    keys: [jwk],
    token({ subject, expiresIn = 3600, ...claims }) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuer(claims.issuer ?? issuer)
        .setSubject(subject)
        .setAudience(claims.audience ?? audience)
        .setIssuedAt(now - 7200)
        .setNotBefore(now - 7200)
        .setExpirationTime(now + expiresIn)
        .sign(privateKey);
    },
  };
}
