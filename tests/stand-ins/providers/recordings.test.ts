import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { diffKubernetesConfig } from "../../../stand-ins/providers/kubernetes/config-diff.ts";
import { KubernetesProvider } from "../../../stand-ins/providers/kubernetes/provider.ts";
import { CreationJournal } from "../../../stand-ins/providers/creation-journal.ts";
import { vaultProvider } from "../../../stand-ins/providers/vault/provider.ts";
import { readRecordings, type Exchange } from "../../support/recordings.ts";
import { ProviderClient, servePackage } from "./provider-client.ts";
import { RecordedServer } from "./recorded-server.ts";
import { differences, replay, type ReplayedMethod } from "./replay.ts";

/** Where the loopback providers answer something else than the real ones, and why that cannot matter. */
const namedDifferences = [
  {
    at: /^kubernetes Diff \w+ diffs$/,
    why: "the engine uses detailedDiff where a provider answers it, and so does the command line",
  },
  {
    at: /^vault Read AuthBackendRole inputs\.tokenPolicies$/,
    why: "a policy that was added by hand is in the outputs of both, and Diff compares the outputs",
  },
] as const;

/** Every recorded call; fewer would mean that recordings were lost. */
const recorded: readonly (readonly [Exchange["provider"], ReplayedMethod, number])[] = [
  ["kubernetes", "Check", 155],
  ["kubernetes", "Diff", 56],
  ["kubernetes", "DiffConfig", 4],
  ["kubernetes", "Create", 115],
  ["kubernetes", "Read", 42],
  ["kubernetes", "Update", 14],
  ["vault", "Check", 95],
  ["vault", "Diff", 43],
  ["vault", "DiffConfig", 2],
  ["vault", "Create", 64],
  ["vault", "Read", 30],
  ["vault", "Update", 14],
];

describe("the loopback providers, by recordings of the real ones", function () {
  this.timeout(60_000);
  let dir = "";
  let server: RecordedServer;
  let served: Record<Exchange["provider"], { port: number; close(): void }>;
  const seen = new Set<string>();

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "ameide-recordings-"));
    server = await RecordedServer.start();
    const kubeconfigPath = kubeconfig("kubeconfig", "first");
    kubeconfig("kubeconfig.copy", "first");
    kubeconfig("kubeconfig.rotated", "second");
    const azure = { endpoint: server.url, caPem: "", operatorToken: "" };
    const live = { mode: "live", kubeconfigPath, vaultAddress: server.url, vaultToken: "canary-token", azure } as const;
    served = {
      kubernetes: await servePackage({
        name: "kubernetes",
        version: "1.2.3",
        create: () => new KubernetesProvider(kubeconfigPath),
        diffConfig: diffKubernetesConfig,
      }),
      vault: await servePackage({
        name: "vault",
        version: "1.2.3",
        create: () => vaultProvider(live, CreationJournal.open(undefined)),
      }),
    };
  });

  after(() => {
    served.kubernetes.close();
    served.vault.close();
    server.close();
    rmSync(dir, { recursive: true });
  });

  function kubeconfig(name: string, ca: string): string {
    const path = join(dir, name);
    const cluster = { server: server.url, "certificate-authority-data": Buffer.from(ca).toString("base64") };
    const contexts = ["ameide-local", "ameide-dev"].map((context) => ({
      name: context,
      context: { cluster: "local", user: "local" },
    }));
    const text = stringify({
      "current-context": "ameide-local",
      contexts,
      clusters: [{ name: "local", cluster }],
      users: [{ name: "local", user: { token: "canary-token" } }],
    });
    writeFileSync(path, text);
    return path;
  }

  /** Each request has a provider of its own: what it learns of its server belongs to that moment. */
  async function unnamedDifferences(exchange: Exchange): Promise<string[]> {
    server.holds(exchange);
    const client = new ProviderClient(served[exchange.provider].port, exchange.type);
    try {
      await client.configure();
      const found = differences(exchange, await replay(client, inHome(exchange)));
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

  function inHome(exchange: Exchange): Exchange {
    if (exchange.method !== "DiffConfig") return exchange;
    return JSON.parse(JSON.stringify(exchange).replaceAll("<home>", dir)) as Exchange;
  }

  for (const [provider, method, count] of recorded) {
    it(`answers ${count} recorded calls of ${method} as the real ${provider} did`, async () => {
      const exchanges = readRecordings().filter((one) => one.provider === provider && one.method === method);
      assert.equal(exchanges.length, count);
      const found: string[] = [];
      for (const exchange of exchanges) found.push(...(await unnamedDifferences(exchange)));
      assert.deepEqual(found, []);
    });
  }

  it("names no difference that there is not", () => {
    const gone = namedDifferences.filter(({ at }) => ![...seen].some((place) => at.test(place)));
    assert.deepEqual(gone, []);
  });
});
