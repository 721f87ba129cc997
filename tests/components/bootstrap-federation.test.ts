import assert from "node:assert/strict";
import { BootstrapFederation } from "../../components/identity.ts";
import { recordStack } from "../support/record-stack.ts";
import { azure, sharedStack } from "../support/stacks.ts";

const subjects = sharedStack().federatedSubjects;

function record(count: number) {
  const args = { azure, identityName: azure.identity, subjects: subjects.slice(0, count) };
  return recordStack(() => new BootstrapFederation("fed", args));
}

describe("BootstrapFederation", () => {
  it("creates the credential of document 451: exact name, issuer, subject and audience", async () => {
    const [component, credential, ...rest] = await record(1);
    assert.equal(component?.type, "ameide-secrets:identity:BootstrapFederation");
    assert.equal(credential?.name, "fed-vault-bootstrap-dev");
    assert.deepEqual(credential.inputs, {
      federatedIdentityCredentialResourceName: "vault-bootstrap-dev",
      resourceGroupName: "Ameide",
      resourceName: "ameide-vault-bootstrap-mi",
      issuer: "https://issuer.example/dev",
      subject: "system:serviceaccount:ameide-dev:foundation-vault-bootstrap-vault-bootstrap",
      audiences: ["api://AzureADTokenExchange"],
    });
    assert.deepEqual(rest, []);
  });

  it("creates several one after the other: Azure refuses concurrent writes to one identity", async () => {
    assert.deepEqual(
      (await record(3)).slice(1).map(({ name, options }) => [name, options.dependsOn]),
      [
        ["fed-vault-bootstrap-dev", []],
        ["fed-vault-bootstrap-staging", ["fed-vault-bootstrap-dev"]],
        ["fed-vault-bootstrap-prod", ["fed-vault-bootstrap-staging"]],
      ],
    );
  });

  it("protects none: a credential contains no secret, and an environment must be removable", async () => {
    assert.deepEqual(
      (await record(3)).map(({ options }) => options.protect),
      [false, false, false, false],
    );
  });
});
