import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cluster } from "../../../clients/kubernetes.ts";
import { ensureVaultActive } from "../../../cli/deploy/first-step.ts";
import { UserError } from "../../../domain/user-error.ts";
import { environmentStack } from "../../support/stacks.ts";

const stack = environmentStack("dev");

describe("ensureVaultActive", () => {
  let vault: Server;
  before(async () => {
    vault = createServer((_request, response) => response.writeHead(503).end('{"initialized":true,"sealed":true}'));
    await once(vault.listen(0, "127.0.0.1"), "listening");
  });
  after(() => vault.close());

  const ensure = (mayChange: boolean, cronJob: object) =>
    ensureVaultActive({
      stack: {
        ...stack,
        vault: {
          ...stack.vault,
          operatorAddress: `http://127.0.0.1:${(vault.address() as AddressInfo).port}`,
        },
      },
      // whatever else it asked of the cluster would be a change
      cluster: { find: () => Promise.resolve(cronJob) } as unknown as Cluster,
      until: mayChange ? "update" : "preview",
      create: () => Promise.reject(new Error("opened the engine")),
      tell: () => {},
      signal: new AbortController().signal,
    });
  const codeOf = (error: unknown): string => (error instanceof UserError ? error.code : String(error));
  const theirs = { metadata: { name: "foundation-vault-bootstrap-vault-bootstrap", labels: {} } };

  it("fails if something else's CronJob has the name: its container does not know our flags", async () => {
    await assert.rejects(ensure(true, theirs), (error) => codeOf(error) === "cron-job-not-ours");
  });

  it("fails in a preview if Vault is sealed, because a preview changes nothing", async () => {
    await assert.rejects(ensure(false, theirs), (error) => codeOf(error) === "vault-sealed");
  });
});
