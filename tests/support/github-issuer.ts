import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

type Sign = (claims: Readonly<Record<string, string>>, audience: string, issuer: string) => Promise<string>;

/**
 * Issues tokens as GitHub does for its jobs: discovery, keys, and the address at which a job asks for its token. By plain
 * http on loopback, and for whatever claims a test sets.
 */
export class GithubIssuer {
  /** Of the jobs that ask for a token. */
  claims: Readonly<Record<string, string>> = {};
  readonly #server: Server;
  readonly #sign: Sign;

  private constructor(server: Server, sign: Sign) {
    this.#server = server;
    this.#sign = sign;
  }

  static async start(): Promise<GithubIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "RS256", use: "sig" };
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", issuer.url);
      const isJob = request.headers.authorization === "bearer job";
      const answer = async (): Promise<unknown> => {
        if (pathname === "/keys") return { keys: [jwk] };
        if (pathname === "/.well-known/openid-configuration")
          return {
            issuer: issuer.url,
            jwks_uri: `${issuer.url}/keys`,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
          };
        if (pathname !== "/token" || !isJob) return undefined;
        return { value: await issuer.token(issuer.claims, searchParams.get("audience") ?? "") };
      };
      void answer().then((body) => {
        response.writeHead(body === undefined ? 401 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(body ?? {}));
      });
    });
    const issuer = new GithubIssuer(server, (claims, audience, iss) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid: "1" })
        .setIssuer(iss)
        .setSubject(`repo:${claims["repository"] ?? ""}:environment:${claims["environment"] ?? ""}`)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime("5m")
        .sign(privateKey),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the runner sets for a job that may ask for a token. */
  get jobEnvironment(): Readonly<Record<string, string>> {
    return {
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: `${this.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
    };
  }

  token(claims: Readonly<Record<string, string>>, audience: string): Promise<string> {
    return this.#sign(claims, audience, this.url);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
