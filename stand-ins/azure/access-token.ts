import { createPublicKey, randomUUID, timingSafeEqual, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { exportPKCS8, generateKeyPair, importPKCS8, jwtVerify, SignJWT, type CryptoKey } from "jose";
import { writePrivateFile } from "../../local/private-file.ts";
import type { AzureState, Identity } from "./state.ts";

export const keyVaultResource = "https://vault.azure.net";

/** Who a valid token was issued to. The operator is a person with one token for every resource. */
export type Caller =
  | { readonly kind: "operator"; readonly objectId: string; readonly appId?: undefined }
  | { readonly kind: "identity"; readonly objectId: string; readonly appId: string; readonly audience: string };

const rememberedTokens = 1000;

/** Azure signs with RS256, but only the stand-in reads these tokens, and an RSA key takes long to generate. */
const algorithm = "ES256";

interface IssuedClaims {
  readonly oid: string;
  readonly appid: string;
  readonly aud: string;
  readonly exp: number;
}

interface Directory extends Pick<AzureState, "tenantId" | "operatorObjectId"> {
  readonly operatorToken: string;
}

/** Its key is stored, so that tokens remain valid after a restart. */
export class TokenAuthority {
  readonly #directory: Directory;
  readonly #issuer: string;
  readonly #privateKey: CryptoKey;
  readonly #publicKey: KeyObject;
  /** Tokens with a checked signature: verifying costs more than the rest of a request. */
  readonly #verified = new Map<string, { readonly caller: Caller; readonly expiresAt: number }>();

  private constructor(directory: Directory, privateKey: CryptoKey, publicKey: KeyObject) {
    this.#directory = directory;
    this.#issuer = `https://sts.windows.net/${directory.tenantId}/`;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  /** @param keyFile - PKCS #8 PEM, created if missing. */
  static async open(keyFile: string, directory: Directory): Promise<TokenAuthority> {
    if (!existsSync(keyFile)) {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
      writePrivateFile(keyFile, await exportPKCS8(privateKey));
    }
    const pem = readFileSync(keyFile, "utf8");
    return new TokenAuthority(directory, await importPKCS8(pem, algorithm), createPublicKey(pem));
  }

  /** @param now - milliseconds since 1970. */
  issue(identity: Identity, resource: string, now: number, lifetimeInSeconds: number): Promise<string> {
    const { principalId, clientId, tenantId } = identity;
    const iat = Math.floor(now / 1000);
    const claims = { oid: principalId, appid: clientId, tid: tenantId, idtyp: "app", ver: "1.0", uti: randomUUID() };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: "JWT" })
      .setIssuer(this.#issuer)
      .setAudience(resource)
      .setSubject(principalId)
      .setIssuedAt(iat)
      .setNotBefore(iat)
      .setExpirationTime(iat + lifetimeInSeconds)
      .sign(this.#privateKey);
  }

  /** @returns `undefined` if the token is not one of ours or has expired. */
  async recognise(token: string, now: number): Promise<Caller | undefined> {
    const { operatorObjectId, operatorToken } = this.#directory;
    const [given, expected] = [Buffer.from(token), Buffer.from(operatorToken)];
    if (given.length === expected.length && timingSafeEqual(given, expected))
      return { kind: "operator", objectId: operatorObjectId };
    const known = this.#verified.get(token);
    if (known !== undefined) return known.expiresAt > now ? known.caller : undefined;
    try {
      const checks = { issuer: this.#issuer, currentDate: new Date(now) };
      const { oid, appid, aud, exp } = (await jwtVerify<IssuedClaims>(token, this.#publicKey, checks)).payload;
      const caller: Caller = { kind: "identity", objectId: oid, appId: appid, audience: aud };
      if (this.#verified.size >= rememberedTokens) this.#verified.clear();
      this.#verified.set(token, { caller, expiresAt: exp * 1000 });
      return caller;
    } catch {
      return undefined;
    }
  }
}
