import { randomUUID, timingSafeEqual } from "node:crypto";
import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  jwtVerify,
  SignJWT,
  type CryptoKey,
  type JWK,
} from "jose";
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writePrivateFile } from "../private-file.ts";
import type { Identity } from "./state-schema.ts";

export const keyVaultResource = "https://vault.azure.net";

/** Who calls, as a valid token says. The operator is a person whose one token is good for every resource. */
export type Caller =
  | { readonly kind: "operator"; readonly objectId: string; readonly appId?: undefined }
  | { readonly kind: "identity"; readonly objectId: string; readonly appId: string; readonly audience: string };

const rememberedTokens = 1000;

/** Azure signs with RS256; nobody but the stand-in reads these tokens, and an RSA key takes long to make. */
const algorithm = "ES256";

/** Issues and recognises the tokens of this Azure. Its key is kept, so that tokens outlive a restart. */
export class TokenAuthority {
  readonly issuer: string;
  readonly publicJwk: JWK;
  readonly #key: CryptoKey;
  readonly #publicKey;
  readonly #operatorToken: Buffer;
  readonly #operatorObjectId: string;
  /** Tokens whose signature was checked: verifying costs more than the rest of a request. */
  readonly #verified = new Map<string, { readonly caller: Caller; readonly expiresAt: number }>();

  private constructor(
    key: CryptoKey,
    pem: string,
    publicJwk: JWK,
    identity: { readonly tenantId: string; readonly operatorObjectId: string },
    operatorToken: string,
  ) {
    this.#key = key;
    this.#publicKey = createPublicKey(pem);
    this.publicJwk = publicJwk;
    this.issuer = `https://sts.windows.net/${identity.tenantId}/`;
    this.#operatorObjectId = identity.operatorObjectId;
    this.#operatorToken = Buffer.from(operatorToken);
  }

  /** @param keyFile - PKCS #8 PEM, made where it is missing. */
  static async open(
    keyFile: string,
    identity: { readonly tenantId: string; readonly operatorObjectId: string },
    operatorToken: string,
  ): Promise<TokenAuthority> {
    if (!existsSync(keyFile)) {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
      writePrivateFile(keyFile, await exportPKCS8(privateKey));
    }
    const pem = readFileSync(keyFile, "utf8");
    const jwk = await exportJWK(createPublicKey(pem));
    const kid = await calculateJwkThumbprint(jwk);
    return new TokenAuthority(
      await importPKCS8(pem, algorithm),
      pem,
      { ...jwk, kid, use: "sig", alg: algorithm },
      identity,
      operatorToken,
    );
  }

  /** @param now - milliseconds since 1970. */
  issue(identity: Identity, resource: string, now: number, lifetimeInSeconds: number): Promise<string> {
    const iat = Math.floor(now / 1000);
    const claims = {
      oid: identity.principalId,
      appid: identity.clientId,
      tid: identity.tenantId,
      idtyp: "app",
      ver: "1.0",
    };
    return new SignJWT({ ...claims, uti: randomUUID() })
      .setProtectedHeader({
        alg: algorithm,
        typ: "JWT",
        ...(this.publicJwk.kid === undefined ? {} : { kid: this.publicJwk.kid }),
      })
      .setIssuer(this.issuer)
      .setAudience(resource)
      .setSubject(identity.principalId)
      .setIssuedAt(iat)
      .setNotBefore(iat)
      .setExpirationTime(iat + lifetimeInSeconds)
      .sign(this.#key);
  }

  /** @returns who calls, or `undefined` where the token is not one of ours or has expired. */
  async recognise(token: string, now: number): Promise<Caller | undefined> {
    if (this.#isOperator(token)) return { kind: "operator", objectId: this.#operatorObjectId };
    const known = this.#verified.get(token);
    if (known !== undefined) return known.expiresAt > now ? known.caller : undefined;
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, { issuer: this.issuer, currentDate: new Date(now) });
      const { oid, appid, aud, exp } = payload;
      if (typeof oid !== "string" || typeof appid !== "string" || typeof aud !== "string" || exp === undefined)
        return undefined;
      const caller: Caller = { kind: "identity", objectId: oid, appId: appid, audience: aud };
      if (this.#verified.size >= rememberedTokens) this.#verified.clear();
      this.#verified.set(token, { caller, expiresAt: exp * 1000 });
      return caller;
    } catch {
      return undefined;
    }
  }

  #isOperator(token: string): boolean {
    const given = Buffer.from(token);
    return given.length === this.#operatorToken.length && timingSafeEqual(given, this.#operatorToken);
  }
}
