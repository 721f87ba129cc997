import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explain } from "../diagnose/explain.ts";
import { graphModel } from "../diagnose/graph/model.ts";
import { graphPage } from "../diagnose/graph/page.ts";
import { healthy } from "../tests/diagnose/healthy.ts";
import { openBrowser } from "../tests/support/browser.ts";
import { environmentStack, seedCatalogue } from "../tests/support/stacks.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

const count = 500;
const namespaces = ["argocd", "ameide-system", "clickhouse-system"];

/** What needs no server on 500 secrets in 4 namespaces: the explanation, and the page, drawn in Chromium. */
export const diagnoseBench: Bench = {
  name: "diagnose",
  async run(): Promise<readonly Measurement[]> {
    const stack = environmentStack("staging", {}, { catalogue: withMany(), registryAdditionalNamespaces: namespaces });
    const snapshot = healthy(stack);
    const explaining = await timed(() => Promise.resolve(explain(snapshot, stack)));
    const page = await graphPage([graphModel(stack.plan, stack.catalogue, explain(snapshot, stack))]);
    return [
      { what: `explain ${count} secrets`, unit: "ms", value: explaining },
      {
        what: `page of ${count} secrets`,
        unit: "KiB",
        value: page.length / 1024,
        floor: { what: "its limit", value: 2048 },
      },
      {
        what: `${count} secrets drawn in Chromium`,
        unit: "ms",
        value: await shownAfter(page),
        floor: { what: "its limit", value: 2000 },
      },
    ];
  },
};

/** From opening the file until the screen shows it, by the browser's own clock. */
async function shownAfter(page: string): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "bench-"));
  const browser = await openBrowser();
  try {
    await writeFile(join(dir, "page.html"), page);
    const tab = await browser.newPage({ viewport: { width: 1500, height: 900 } });
    await tab.goto(pathToFileURL(join(dir, "page.html")).href);
    await tab.waitForSelector("html[data-drawn-in]");
    return await tab.evaluate<number>(
      "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(() => shown(performance.now()))))",
    );
  } finally {
    await browser.close();
    await rm(dir, { recursive: true });
  }
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
