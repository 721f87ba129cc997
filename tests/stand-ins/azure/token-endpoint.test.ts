import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, generateKeyPair, SignJWT } from "jose";
import { issueServerCertificate } from "../../../local/certificate-authority.ts";
import { audience } from "./cluster.ts";
import { AzureRig, subject } from "./rig.ts";

interface TokenAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

describe("TokenEndpoint", () => {
  let rig: AzureRig;
  let clock: number;
  let clientId: string;
  let principalId: string;
  beforeEach(async () => {
    clock = Date.now();
    rig = await AzureRig.start({ now: () => clock });
    ({ clientId, principalId } = await rig.makeIdentity());
  });
  afterEach(() => rig.stop());

  async function ask(changes: Record<string, string> = {}, tenant = rig.azure.tenantId): Promise<TokenAnswer> {
    const form = {
      client_id: clientId,
      grant_type: "client_credentials",
      scope: "https://vault.azure.net/.default",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await rig.cluster.token({ subject }),
      ...changes,
    };
    const given = Object.entries(form).filter(([, value]) => value !== "");
    const address = `${rig.azure.origin}/${tenant}/oauth2/v2.0/token`;
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(given) });
    return { status: answer.status, body: await answer.json() };
  }

  it("gives the identity a token for Key Vault with its claims", async () => {
    await rig.federate();

    const { status, body } = await ask();

    assert.equal(status, 200);
    assert.deepEqual([body.token_type, body.expires_in], ["Bearer", 3600]);
    const { aud, oid, appid, tid, iss, exp = 0, iat = 0 } = decodeJwt(body.access_token);
    assert.deepEqual(
      { aud, oid, appid, tid, iss, lifetime: exp - iat },
      {
        aud: "https://vault.azure.net",
        oid: principalId,
        appid: clientId,
        tid: rig.azure.tenantId,
        iss: `https://sts.windows.net/${rig.azure.tenantId}/`,
        lifetime: 3600,
      },
    );
  });

  it("answers errors in Entra's shape: code, text and the ids to quote", async () => {
    const { status, body } = await ask();

    assert.equal(status, 400);
    assert.equal(body.error, "invalid_request");
    assert.deepEqual(body.error_codes, [70021]);
    assert.match(
      body.error_description,
      new RegExp(
        "^AADSTS70021: No matching federated identity record found for presented assertion\\. Assertion Issuer: " +
          `'${rig.cluster.issuer}'\\. Assertion Subject: '${subject}'\\. Assertion Audience: '${audience}'\\. https://\\S+ ` +
          "Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$",
      ),
    );
    assert.match(body.trace_id, /^[0-9a-f-]{36}$/);
  });

  it("fails with the code of what differs: issuer 700211, audience 700212, subject 700213", async () => {
    const credential = async (properties: Record<string, unknown>) => {
      await rig.federate("vault-bootstrap-local", properties);
      return (await ask()).body.error_codes[0];
    };

    assert.equal(await credential({ issuer: `${rig.cluster.issuer}/` }), 700211);
    assert.equal(await credential({ audiences: ["api://other"] }), 700212);
    assert.equal(await credential({ subject: subject.toUpperCase() }), 700213);
  });

  it("fails with 70021 until the credential has propagated", async () => {
    rig.azure.control.configure({ propagationInSeconds: 120 });
    await rig.federate();

    assert.deepEqual((await ask()).body.error_codes, [70021]);
    clock += 120_000;
    assert.equal((await ask()).status, 200);
  });

  it("fails for an application or tenant that it does not know", async () => {
    await rig.federate();

    const application = await ask({ client_id: "99999999-9999-4999-8999-999999999999" });
    const tenant = await ask({}, "common");

    assert.deepEqual([application.status, application.body.error_codes], [400, [700016]]);
    assert.match(
      application.body.error_description,
      /Application with identifier '99999999-9999-4999-8999-999999999999'/,
    );
    assert.deepEqual([tenant.status, tenant.body.error_codes], [400, [90002]]);
  });

  it("fails for an assertion that has expired, is not signed by the cluster, or is missing", async () => {
    await rig.federate();
    const { privateKey } = await generateKeyPair("RS256");
    const forged = await sign(privateKey, "RS256");
    const { privateKey: elliptic } = await generateKeyPair("ES256");

    const codes = [
      await ask({ client_assertion: await rig.cluster.token({ subject, expiresIn: -60 }) }),
      await ask({ client_assertion: forged }),
      await ask({ client_assertion: await sign(elliptic, "ES256") }),
      await ask({ client_assertion: "not a token" }),
      await ask({ client_assertion: "" }),
      await ask({ client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" }),
    ].map(({ status, body }) => [status, body.error_codes[0]]);

    assert.deepEqual(codes, [
      [401, 700024],
      [401, 700027],
      [401, 5002738],
      [400, 50027],
      [401, 7000216],
      [401, 7000216],
    ]);
  });

  it("fails for an issuer that it cannot reach, even where a credential names it", async () => {
    const issuer = "https://another-cluster.example";
    await rig.federate("vault-bootstrap-local", { issuer });

    const { status, body } = await ask({ client_assertion: await rig.cluster.token({ subject, issuer }) });

    assert.deepEqual([status, body.error_codes], [400, [90061]]);
  });

  it("issues tokens that are not valid after the tenant was recreated", async () => {
    await rig.federate();
    const { access_token: token } = (await ask()).body;
    await rig.azure.close();
    rmSync(join(rig.dir, "state.json"));
    await rig.restart();
    await rig.makeVault();

    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${rig.azure.origin}/secrets?api-version=7.6`, { headers });

    assert.equal(answer.status, 401);
  });

  it("fails for another grant, a scope without .default, and an unknown resource", async () => {
    await rig.federate();

    const codes = [
      await ask({ grant_type: "password" }),
      await ask({ scope: "https://vault.azure.net" }),
      await ask({ scope: "https://graph.microsoft.com/.default" }),
      await ask({ client_id: "" }),
    ].map(({ body }) => body.error_codes[0]);

    assert.deepEqual(codes, [70003, 1002012, 500011, 900144]);
  });

  it("issues a token that Key Vault refuses after it has expired", async () => {
    await rig.makeVault();
    await rig.federate();
    await rig.assign(principalId);
    const { access_token: token } = (await ask()).body;
    const list = () =>
      fetch(`${rig.azure.origin}/secrets?api-version=7.6`, { headers: { authorization: `Bearer ${token}` } });

    assert.equal((await list()).status, 200);
    clock += 3_601_000;
    assert.equal((await list()).status, 401);
  });

  it("is found by discovery", async () => {
    const read = async (path: string) => {
      const answer = await fetch(`${rig.azure.origin}${path}`);
      return (await answer.json()) as Record<string, unknown>;
    };
    const base = `${rig.azure.origin}/${rig.azure.tenantId}`;

    const configuration = await read(`/${rig.azure.tenantId}/v2.0/.well-known/openid-configuration`);

    assert.equal(configuration["token_endpoint"], `${base}/oauth2/v2.0/token`);
  });

  it("reads the cluster's keys from their address, with the cluster's own CA", async () => {
    await rig.federate();
    const cluster = await serveKeys(rig.cluster.keys);
    try {
      const { url, caPem } = cluster;
      await rig.restart({ clusterJwks: { url, caPem } });
      assert.equal((await ask()).status, 200);

      await rig.restart({ clusterJwks: { url: `${url}/elsewhere`, caPem } });
      const refused = await ask();
      assert.deepEqual([refused.status, refused.body.error_codes], [400, [90061]]);
    } finally {
      cluster.close();
    }
  });

  async function sign(key: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"], alg: string): Promise<string> {
    const jwt = new SignJWT({ iss: rig.cluster.issuer, sub: subject, aud: audience });
    return jwt.setProtectedHeader({ alg, kid: "one" }).setExpirationTime("1h").sign(key);
  }
});

/** An API server's `/openid/v1/jwks`. */
async function serveKeys(keys: readonly unknown[]) {
  const dir = mkdtempSync(join(tmpdir(), "ameide-cluster-"));
  const certificate = await issueServerCertificate(dir);
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    const isKnown = request.url === "/openid/v1/jwks";
    response.writeHead(isKnown ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(isKnown ? { keys } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/openid/v1/jwks`,
    caPem: certificate.caPem,
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(dir, { recursive: true });
    },
  };
}
