import assert from "node:assert/strict";
import { CreationJournal } from "../../../stand-ins/providers/creation-journal.ts";
import { vaultProvider } from "../../../stand-ins/providers/vault/provider.ts";
import { readRecordings, type Exchange } from "../../support/recordings.ts";
import { ProviderClient, servePackage } from "./provider-client.ts";
import { RecordedServer } from "./recorded-server.ts";
import { differences, replay, type ReplayedMethod } from "./replay.ts";

/** Where the stand-in answers something else than the real provider, and why that cannot matter. */
const namedDifferences = [
  {
    at: /^vault Read AuthBackendRole inputs\.tokenPolicies$/,
    why: "a policy that was added by hand is in the outputs of both, and Diff compares the outputs",
  },
] as const;

/** Every recorded call; fewer would mean that recordings were lost. */
const recorded: readonly (readonly [ReplayedMethod, number])[] = [
  ["Check", 95],
  ["Diff", 43],
  ["DiffConfig", 2],
  ["Create", 64],
  ["Read", 30],
  ["Update", 14],
];

describe("the stand-in of the provider vault, against recordings of the real one", function () {
  this.timeout(60_000);
  let server: RecordedServer;
  let served: { port: number; close(): void };
  const seen = new Set<string>();

  before(async () => {
    server = await RecordedServer.start();
    const live = { address: server.url, token: "canary-token" };
    const create = () => vaultProvider(live, new CreationJournal(undefined));
    served = await servePackage({ name: "vault", version: "1.2.3", create });
  });

  after(() => {
    served.close();
    server.close();
  });

  /** Each request has a provider of its own: what it learns of its server belongs to that moment. */
  async function unnamedDifferences(exchange: Exchange): Promise<string[]> {
    server.holds(exchange);
    const client = new ProviderClient(served.port, exchange.type);
    try {
      await client.configure();
      const found = differences(exchange, await replay(client, exchange));
      for (const { at } of found) seen.add(at);
      return found
        .filter(({ at }) => !namedDifferences.some((named) => named.at.test(at)))
        .map(({ at, real, loopback }) => {
          const shown = [real, loopback].map((value) => JSON.stringify(value) ?? "nothing").join(", the loopback ");
          return `${exchange.run}/${exchange.name}: ${at}: the real provider answers ${shown}`;
        });
    } finally {
      client.close();
    }
  }

  for (const [method, count] of recorded) {
    it(`answers ${count} recorded calls of ${method} as the real provider did`, async () => {
      const exchanges = readRecordings().filter((one) => one.provider === "vault" && one.method === method);
      assert.equal(exchanges.length, count);
      const found: string[] = [];
      for (const exchange of exchanges) found.push(...(await unnamedDifferences(exchange)));
      assert.deepEqual(found, []);
    });
  }

  it("lists only differences that exist", () => {
    const gone = namedDifferences.filter(({ at }) => ![...seen].some((place) => at.test(place)));
    assert.deepEqual(gone, []);
  });
});
