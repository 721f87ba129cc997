import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explain } from "../diagnose/explain.ts";
import { graphModel } from "../diagnose/graph/model.ts";
import { graphPage } from "../diagnose/graph/page.ts";
import { ReadError, vaultReader, type KubernetesReader } from "../diagnose/observe/access.ts";
import { observe } from "../diagnose/observe/observe.ts";
import { Redacted } from "../domain/redacted.ts";
import { healthy } from "../tests/diagnose/healthy.ts";
import { openBrowser } from "../tests/support/browser.ts";
import { environmentStack, seedCatalogue } from "../tests/support/stacks.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

const count = 500;
const namespaces = ["argocd", "ameide-system", "clickhouse-system"];

/**
 * The doctor's own cost on 500 secrets in 4 namespaces: a look over HTTP at a Vault that answers at once (its answers are
 * what a look waits for; cluster and Azure answer from memory), the explanation, and the page, drawn in Chromium.
 */
export const diagnoseBench: Bench = {
  name: "diagnose",
  async run(): Promise<readonly Measurement[]> {
    const stack = environmentStack("staging", {}, { catalogue: withMany(), registryAdditionalNamespaces: namespaces });
    const server = await answeringVault();
    try {
      const vault = vaultReader(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, new Redacted("bench"));
      const access = { kubernetes: emptyCluster(), vault, azure: "not asked" };
      const { tookInMilliseconds, calls } = await observe(stack, access);
      const snapshot = healthy(stack);
      const explaining = await timed(() => Promise.resolve(explain(snapshot, stack)));
      const page = await graphPage([graphModel(stack.plan, stack.catalogue, explain(snapshot, stack))]);
      const asked = calls.kubernetes + calls.vault + calls.azure;
      return [
        { what: `look at ${count} secrets in 4 namespaces`, unit: "ms", value: tookInMilliseconds },
        // one metadata read for each secret is what Vault's API allows
        { what: "calls of that look", unit: "calls", value: asked, floor: { what: "one a secret", value: count } },
        { what: `explain ${count} secrets`, unit: "ms", value: explaining },
        { what: `page of ${count} secrets`, unit: "MiB", value: page.length / 1024 / 1024 },
        { what: `draw ${count} secrets in Chromium`, unit: "ms", value: await drawnIn(page) },
      ];
    } finally {
      server.close();
    }
  },
};

async function drawnIn(page: string): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "bench-"));
  const browser = await openBrowser();
  try {
    await writeFile(join(dir, "page.html"), page);
    const tab = await browser.newPage();
    await tab.goto(pathToFileURL(join(dir, "page.html")).href);
    await tab.waitForSelector("svg .node");
    return Number(await tab.getAttribute("html", "data-drawn-in"));
  } finally {
    await browser.close();
    await rm(dir, { recursive: true });
  }
}

/** Every path is there; every list is empty. */
function answeringVault(): Promise<Server> {
  const metadata = {
    current_version: 1,
    custom_metadata: {},
    versions: { 1: { created_time: "", deletion_time: "", destroyed: false } },
  };
  const server = createServer((request, response) => {
    const { url = "" } = request;
    const isHealth = url.startsWith("/v1/sys/health");
    const data = url.includes("/metadata/") ? metadata : { keys: [] };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify(isHealth ? { initialized: true, sealed: false, standby: false, version: "bench" } : { data }),
    );
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function emptyCluster(): KubernetesReader {
  return {
    context: "bench",
    get: <T extends object>(path: string) =>
      path.includes("limit=") || path.endsWith("clusterrolebindings")
        ? Promise.resolve({ items: [] } as object as T)
        : Promise.reject(new ReadError(404, "not found")),
    text: () => Promise.resolve(""),
  };
}

function withMany(): typeof seedCatalogue {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const secrets = numbers.map((n) => [`service-${n}-key`, { authority: "external" as const, env: `SERVICE_${n}_KEY` }]);
  const deliveries = numbers
    .filter((n) => n % 5 === 0)
    .map((n) => [
      `service-${n}`,
      {
        type: "Opaque" as const,
        keys: Object.fromEntries([0, 1, 2, 3, 4].map((k) => [`KEY_${k}`, `service-${n + k}-key`])),
      },
    ]);
  return {
    ...seedCatalogue,
    secrets: { ...seedCatalogue.secrets, ...Object.fromEntries(secrets) },
    deliveries: { ...seedCatalogue.deliveries, ...Object.fromEntries(deliveries) },
  };
}
