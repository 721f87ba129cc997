import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explain } from "../diagnose/explain.ts";
import { graphModel } from "../diagnose/graph/model.ts";
import { graphPage } from "../diagnose/graph/page.ts";
import { healthy } from "../tests/diagnose/healthy.ts";
import { openBrowser } from "../tests/support/browser.ts";
import { timed, type Figure } from "./bench.ts";
import { stackOf } from "./program.ts";

export async function* graph(): AsyncGenerator<Figure> {
  const browser = await openBrowser();
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    for (const size of [10, 100, 500]) {
      const stack = stackOf(size);
      const snapshot = healthy(stack);
      const explaining = await timed(() => Promise.resolve(explain(snapshot, stack)));
      const page = await graphPage([graphModel(stack.plan, stack.catalogue, explain(snapshot, stack))]);
      const file = join(folder, `${size}.html`);
      await writeFile(file, page);
      const tab = await browser.newPage({ viewport: { width: 1500, height: 900 } });
      await tab.goto(pathToFileURL(file).href);
      await tab.waitForSelector("html[data-drawn-in]");
      const shown = await tab.evaluate<number>(
        "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(() => shown(performance.now()))))",
      );
      yield { what: "explain", size, unit: "ms", value: explaining };
      yield { what: "page drawn", size, unit: "ms", value: shown, ...(size === 500 && { limit: 2_000 }) };
      yield { what: "size of the page", size, unit: "KiB", value: page.length / 1024, limit: 2_048 };
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}
