import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { requireVault } from "../../components/vault-preflight.ts";
import { UserError } from "../../domain/user-error.ts";
import { environmentStack } from "../support/stacks.ts";

/** A Vault that answers its health with `health`, and knows the token `good`; `failing` and `throttled` get those answers. */
async function withVault<T>(health: number, work: (address: string) => Promise<T>): Promise<T> {
  const server: Server = createServer((request, response) => {
    const token = request.headers["x-vault-token"];
    const ofToken = token === "failing" ? 500 : token === "throttled" ? 429 : token === "good" ? 200 : 403;
    response.statusCode = request.url?.startsWith("/v1/sys/health") === true ? health : ofToken;
    response.end('{"initialized":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

function stackAt(operatorAddress: string) {
  const stack = environmentStack();
  return { ...stack, vault: { ...stack.vault, operatorAddress } };
}

async function causeOf(health: number, token: string | undefined): Promise<string> {
  return withVault(health, async (address) => {
    try {
      await requireVault(stackAt(address), token);
      return "ok";
    } catch (error) {
      if (error instanceof UserError) return error.code;
      throw error;
    }
  });
}

describe("requireVault", () => {
  it("passes an active Vault that accepts the token", async () => assert.equal(await causeOf(200, "good"), "ok"));
  it("refuses a sealed Vault", async () => assert.equal(await causeOf(503, "good"), "vault-sealed"));
  it("refuses a Vault that was never initialised", async () =>
    assert.equal(await causeOf(501, "good"), "vault-uninitialised"));
  it("fails if the server is not Vault", async () => assert.equal(await causeOf(404, "good"), "vault-unreachable"));
  it("fails without a token", async () => assert.equal(await causeOf(200, undefined), "vault-token-missing"));
  it("refuses an empty token", async () => assert.equal(await causeOf(200, ""), "vault-token-missing"));
  it("fails for a token that Vault does not know", async () =>
    assert.equal(await causeOf(200, "bad"), "vault-token-refused"));
  it("does not blame the token if Vault fails or throttles", async () => {
    assert.equal(await causeOf(200, "failing"), "vault-unreachable");
    assert.equal(await causeOf(200, "throttled"), "vault-unreachable");
  });

  it("fails if nothing answers, with the port-forward that fixes it", async () => {
    const address = await withVault(200, (there) => Promise.resolve(there));
    await assert.rejects(requireVault(stackAt(address), "good"), {
      code: "vault-unreachable",
      message:
        `the Vault of dev does not answer at ${address}: ${address.slice("http://".length)}: connect ECONNREFUSED ${address.slice("http://".length)}\n` +
        "  fix: kubectl -n ameide-dev port-forward svc/vault-core-dev 8200:8200, then VAULT_ADDR=http://127.0.0.1:8200; ameide-secrets up does both automatically",
    });
  });

  it("prints no token in its messages", async () => {
    await withVault(200, async (address) => {
      await assert.rejects(requireVault(stackAt(address), "canary-token"), (error: Error) => {
        assert.ok(!error.message.includes("canary-token"));
        return true;
      });
    });
  });
});
