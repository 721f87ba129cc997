import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { readCatalogue } from "../environments/catalogue.ts";
import { repositoryRoot } from "../environments/repository.ts";
import { lintSources } from "../policies/lint/lint.ts";
import { changed } from "../tests/policies/examples/example.ts";
import { externalSecret } from "../tests/policies/examples/samples.ts";
import { declare, ownPack, startPolicyEngine } from "../tests/support/policy-engine.ts";
import { besides, sizes, timed, type Figure } from "./bench.ts";

export async function* pack(): AsyncGenerator<Figure> {
  const trivial = trivialPack();
  const engine = await startPolicyEngine();
  try {
    for (const size of sizes) {
      const preview = (...packs: string[]) => engine.preview("prod", () => declareDeliveries(size), packs);
      if (size === sizes[0]) await preview(ownPack, trivial);
      const rounds = size > 1_000 ? 1 : 3;
      let none = Infinity;
      for (let round = 0; round < rounds; round += 1) none = Math.min(none, await timed(() => preview()));
      const both = await besides("with one trivial rule", {
        work: () => preview(ownPack),
        floor: () => preview(trivial),
        rounds,
      });
      const { memoryInMib: _ofTheProgram, ...whole } = both;
      yield { what: "preview with the pack", size, ...whole };
      const added = { what: "what a trivial pack adds", value: Math.max(1, whole.floor.value - none) };
      yield { what: "what the pack adds", size, unit: "ms", value: whole.value - none, floor: added };
    }
    const starts = { work: () => start(ownPack), floor: () => start(trivial), rounds: 5 };
    const { memoryInMib: _ofNone, ...started } = await besides("of the trivial pack", starts);
    yield { what: "start of the pack", ...started };
  } finally {
    await engine.close();
    rmSync(trivial, { recursive: true, force: true });
  }
}

/** Most resources of a large stack are deliveries. */
function declareDeliveries(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const name = `delivery-${n}`;
    declare(name, changed(externalSecret, [["metadata", "name"], name], [["spec", "target", "name"], `target-${n}`]));
  }
  return Promise.resolve();
}

/** Below `node_modules`, so that it can import the SDK. */
function trivialPack(): string {
  const folder = join(repositoryRoot, "node_modules", ".cache", `trivial-pack-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\nversion: 0.0.1\n");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "trivial", version: "0.0.1", main: "index.cjs" }));
  const rule = `{ name: "trivial", description: "nothing", enforcementLevel: "mandatory", validateResource: () => {} }`;
  const text = `const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("trivial", { policies: [${rule}] });\n`;
  writeFileSync(join(folder, "index.cjs"), text);
  return folder;
}

/** Until it prints the port that the engine waits for. */
async function start(pack: string): Promise<void> {
  const shim = join(repositoryRoot, "local", "pulumi-shims", "run-policy-pack.mjs");
  const child = spawn(process.execPath, [shim, "127.0.0.1:1", "."], {
    cwd: pack,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill();
  await once(child, "exit");
}

export async function* lint(): AsyncGenerator<Figure> {
  const catalogue = readCatalogue();
  const text = stringify("props" in externalSecret ? externalSecret.props : {});
  for (const size of sizes) {
    const files = Array.from({ length: size }, (_, n) => ({
      file: `apps/${n}.yaml`,
      text: text
        .replace("name: langfuse-secrets-sync", `name: delivery-${n}`)
        .replace("name: langfuse-secrets", `name: target-${n}`),
    }));
    const faulty = files.map(({ file, text: one }) => ({
      file,
      text: one.replace("refreshInterval: 15m", "refreshInterval: 5s"),
    }));
    const floor = () => Promise.resolve(files.map((one) => parseAllDocuments(one.text)));
    const lint = (sources: typeof files) => () => Promise.resolve(lintSources(sources, { catalogue }));
    if (size === sizes[0]) await lint(files)();
    yield { what: "valid documents", size, ...(await besides("reading the YAML", { work: lint(files), floor })) };
    yield { what: "a finding in each", size, ...(await besides("reading the YAML", { work: lint(faulty), floor })) };
  }
}
