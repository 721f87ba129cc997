import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { push, type PushRow } from "../cli/operate/push.ts";
import { explain } from "../diagnose/explain.ts";
import { graphModel } from "../diagnose/graph/model.ts";
import { graphPage } from "../diagnose/graph/page.ts";
import { Redacted } from "../domain/redacted.ts";
import { operatorCredential } from "../stand-ins/azure/operator-credential.ts";
import { healthy } from "../tests/diagnose/healthy.ts";
import { AzureRig } from "../tests/stand-ins/azure/rig.ts";
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

const pushed = 1_000;

export async function* envPush(): AsyncGenerator<Figure> {
  const rig = await AzureRig.start();
  try {
    await rig.makeVault();
    const first = await timed(() => pushAll(rig, "new"));
    const refused = rig.azure.control.counters().answers["429"] ?? 0;
    await sleep(10_500); // its counters begin again
    const again = await timed(() => pushAll(rig, "same"));
    yield { what: "new values", unit: "ms", value: first, floor: { what: "Key Vault's limit", value: 34_000 } };
    yield { what: "calls refused with 429", unit: "calls", value: refused };
    yield { what: "the same values", unit: "ms", value: again };
  } finally {
    await rig.stop();
  }
}

async function pushAll(rig: AzureRig, verdict: PushRow["verdict"]): Promise<void> {
  const rows = await push({
    target: {
      uri: `${rig.azure.origin}/`,
      credential: operatorCredential(rig.dir),
      options: { disableChallengeResourceVerification: true },
      memory: join(rig.dir, "pushed.json"),
    },
    values: new Map(Array.from({ length: pushed }, (_none, n) => [`bench-${n}`, new Redacted(`value-of-${n}`)])),
    kept: [],
    overwrite: [],
    write: true,
  });
  const other = rows.filter((row) => row.verdict !== verdict).length;
  if (other > 0) throw new Error(`${other} of ${rows.length} are not ${verdict}`);
}
