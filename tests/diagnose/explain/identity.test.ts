import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { identity, lastRun } from "../changes.ts";
import { healthy, seen, stack, unseen } from "../healthy.ts";

describe("explainIdentity", () => {
  const said = "AADSTS70021: Entra has no federated credential of identity c for subject s";
  const causeOf = (federatedCredentials: Parameters<typeof identity>[0]) => {
    const before = { ...healthy(), ...lastRun("federation-mismatch", said)(healthy()) };
    return explain({ ...before, ...identity(federatedCredentials)(before) }, stack).causes[0];
  };
  it("reads AADSTS70021 as propagation if the federated credential exists, and otherwise as absence", () => {
    assert.equal(causeOf((before) => before)?.code, "federation-propagating");
    assert.equal(causeOf(() => ({ federatedCredentials: seen([]) }))?.code, "federated-credential-missing");
  });
  it("reports that absence is not verified if the federated credentials cannot be listed", () => {
    const cause = causeOf(() => ({ federatedCredentials: unseen("forbidden", "403 for credentials") }));
    assert.equal(cause?.code, "federated-credential-missing");
    assert.match(cause.evidence[0]?.seen ?? "", /; not verified: 403 for credentials$/);
  });
});
