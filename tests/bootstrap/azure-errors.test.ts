import assert from "node:assert/strict";
import { azureFailure, azureVerdict, faultOf, isDisabled, isNotFound, statusOf } from "../../bootstrap/azure-errors.ts";
import { BootstrapFailure } from "../../bootstrap/failure.ts";

/** As Azure's libraries shape them: status and code on the error, the service's own text in `details`. */
function restError(statusCode: number, inner: string, message = "refused"): Error {
  return Object.assign(new Error(message), {
    statusCode,
    code: "Forbidden",
    details: { error: { innerError: inner } },
  });
}

/** As MSAL's errors arrive: wrapped by the identity library, the first cause innermost. */
function tokenError(message: string, fields: object = {}): Error {
  const error = new Error(message, { cause: Object.assign(new Error(message), fields) });
  error.name = "AuthenticationRequiredError";
  return error;
}

describe("faultOf", () => {
  it("distinguishes Azure's refusals, which need different fixes", () => {
    const cases: readonly [Error, string | undefined][] = [
      [restError(403, "ForbiddenByRbac"), "rbac"],
      [restError(403, "ForbiddenByFirewall"), "network-rule"],
      [restError(403, "ForbiddenByConnection"), "network-rule"],
      [restError(401, "", "AKV10032: Invalid issuer"), "refused"],
      [restError(503, ""), "unreachable"],
      [tokenError("invalid_client: AADSTS700213: No matching federated identity record"), "federation"],
      [tokenError("AADSTS90033: A transient error", { status: 503 }), "unreachable"],
      [tokenError("network_error: Network request failed"), "unreachable"],
      [Object.assign(new Error("unable to verify"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }), "certificate"],
      [new Error("The challenge resource 'vault.azure.net' does not match the requested domain."), "challenge"],
      [Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" }), "token-file"],
      [new TypeError("x is not a function"), undefined],
    ];
    for (const [error, kind] of cases) assert.equal(faultOf(error)?.kind, kind, error.message);
  });

  it("finds the code of the token endpoint at any depth", () => {
    const fault = faultOf(tokenError("AADSTS70021: No matching federated identity record found"));
    assert.deepEqual(fault, { kind: "federation", code: "AADSTS70021" });
    assert.equal(statusOf(tokenError("x", { status: 429 })), 429);
  });
});

describe("isDisabled", () => {
  it("is not treated as a missing right, although the status is the same", () => {
    assert.ok(isDisabled(restError(403, "SecretDisabled")));
    assert.ok(isDisabled(restError(403, "", "Operation get is not allowed on a disabled secret.")));
    assert.ok(!isDisabled(restError(403, "ForbiddenByRbac")));
  });
});

describe("isNotFound", () => {
  it("is the missing secret, not a missing vault", () => {
    assert.ok(isNotFound(Object.assign(restError(404, ""), { code: "SecretNotFound" })));
    assert.ok(!isNotFound(restError(404, "")));
  });
});

describe("azureVerdict", () => {
  const rbac = restError(403, "ForbiddenByRbac");
  const mismatch = tokenError("AADSTS700213: subject");
  const verdict = (propagationInMs: number, propagates: boolean) =>
    azureVerdict({ timing: { propagationInMs, propagationPollInMs: 7 }, propagates: () => propagates });

  it("waits for propagation only where the run may, and as long as it may", () => {
    for (const error of [rbac, mismatch]) {
      assert.deepEqual(verdict(900_000, true)(error), { afterInMs: 7 });
      assert.equal(verdict(900_000, false)(error), undefined);
      assert.equal(verdict(0, false)(error), undefined);
    }
  });

  it("never waits for a permanent failure: a network rule, an expired token, another tenant", () => {
    for (const error of [
      restError(403, "ForbiddenByFirewall"),
      tokenError("AADSTS700024: expired"),
      restError(401, ""),
    ]) {
      assert.equal(verdict(900_000, true)(error), undefined);
    }
  });

  it("retries a token endpoint that does not answer, and leaves failures of the data plane to its requests", () => {
    assert.deepEqual(verdict(0, false)(tokenError("x", { status: 503 })), {});
    assert.deepEqual(verdict(0, false)(tokenError("x", { status: 429 })), {});
    assert.equal(verdict(900_000, false)(tokenError("x", { status: 503 })), undefined);
    assert.equal(verdict(0, false)(restError(503, "")), undefined);
  });
});

describe("azureFailure", () => {
  const context = {
    what: "list the secrets",
    vault: "https://ameidekv.vault.azure.net/",
    identity: { clientId: "client", tenantId: "tenant", tokenFile: "/nowhere" },
  };

  it("gives each failure its cause and a fix", async () => {
    const cases: readonly [Error, string][] = [
      [restError(403, "ForbiddenByRbac"), "source-forbidden"],
      [restError(403, "ForbiddenByFirewall"), "source-forbidden"],
      [restError(401, ""), "source-forbidden"],
      [restError(503, ""), "source-unreachable"],
      [restError(429, "Too many requests"), "source-throttled"],
      [tokenError("AADSTS90055: throttled", { status: 429 }), "source-throttled"],
      [new Error("The challenge resource 'a' does not match the requested domain"), "bad-configuration"],
      [tokenError("AADSTS90061: unreachable issuer"), "federation-mismatch"],
      [tokenError("AADSTS700016: application not found"), "federation-mismatch"],
    ];
    for (const [error, code] of cases) {
      const failure = await azureFailure(error, context);
      assert.ok(failure instanceof BootstrapFailure, error.message);
      assert.equal(failure.code, code);
      assert.ok(failure.fix.length > 0);
    }
  });

  it("returns an unknown error unchanged: our own bugs must not look like Azure's", async () => {
    const defect = new TypeError("x is not a function");
    assert.equal(await azureFailure(defect, context), defect);
  });
});
