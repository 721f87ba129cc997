import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { readCatalogue } from "../environments/catalogue.ts";
import { repositoryRoot } from "../environments/repository.ts";
import { changed } from "../tests/policies/examples/example.ts";
import { externalSecret } from "../tests/policies/examples/samples.ts";
import { lintSources } from "../policies/lint/lint.ts";
import { declare, ownPack, startPolicyEngine, type PolicyEngine } from "../tests/support/policy-engine.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

/** A real stack has 35 to 100 resources; a thousand show what grows with them. */
const sizes = [100, 1000] as const;
/** Of each kind of preview, in turn; the quickest counts, since another process only ever adds. */
const rounds = 5;

/**
 * What the pack adds to a preview in addition to what any pack adds, and how soon it answers. A pack's share is small compared with
 * the preview itself, so both readings are given: of what a pack adds to a preview without one, and of the whole preview.
 */
export const policiesBench: Bench = {
  name: "policies",
  async run(): Promise<readonly Measurement[]> {
    const trivial = trivialPack();
    const engine = await startPolicyEngine();
    try {
      const measurements: Measurement[] = [];
      for (const size of sizes) measurements.push(...(await previews(engine, size, trivial)));
      return [
        ...measurements,
        {
          what: "start of the pack",
          unit: "ms",
          value: await start(ownPack),
          floor: { what: "of the trivial one", value: await start(trivial) },
        },
      ];
    } finally {
      await engine.close();
      rmSync(trivial, { recursive: true, force: true });
    }
  },
};

async function previews(engine: PolicyEngine, size: number, trivial: string): Promise<readonly Measurement[]> {
  const packs = { none: [], trivial: [trivial], whole: [ownPack] };
  const quickest = { none: Infinity, trivial: Infinity, whole: Infinity };
  for (let round = 0; round < rounds; round++) {
    for (const kind of ["none", "trivial", "whole"] as const) {
      const time = await timed(() => engine.preview("prod", () => declareDeliveries(size), packs[kind]));
      quickest[kind] = Math.min(quickest[kind], time);
    }
  }
  return [
    {
      what: `whole pack on ${size} resources`,
      unit: "ms",
      value: quickest.whole - quickest.none,
      floor: { what: "a pack of one trivial rule", value: quickest.trivial - quickest.none },
    },
    {
      what: `preview of ${size} resources with it`,
      unit: "ms",
      value: quickest.whole,
      floor: { what: "with a pack of one trivial rule", value: quickest.trivial },
    },
  ];
}

/** Deliveries, of which a large stack has most. */
function declareDeliveries(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const name = `delivery-${n}`;
    declare(name, changed(externalSecret, [["metadata", "name"], name], [["spec", "target", "name"], `target-${n}`]));
  }
  return Promise.resolve();
}

/** Below `node_modules`, so that it finds the SDK. */
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

/** From the start of its process to the port that the engine waits for. */
async function start(pack: string): Promise<number> {
  const shim = join(repositoryRoot, "local", "pulumi-shims", "run-policy-pack.mjs");
  return timed(async () => {
    const child = spawn(process.execPath, [shim, "127.0.0.1:1", "."], {
      cwd: pack,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill();
  });
}

const documents = 2000;

/** Valid documents, and as many with one finding each, for which the line must be found. */
export const lintBench: Bench = {
  name: "lint",
  async run(): Promise<readonly Measurement[]> {
    const catalogue = readCatalogue();
    const text = stringify("props" in externalSecret ? externalSecret.props : {});
    const files = Array.from({ length: documents }, (_, n) => ({
      file: `apps/${n}.yaml`,
      text: text
        .replace("name: langfuse-secrets-sync", `name: delivery-${n}`)
        .replace("name: langfuse-secrets", `name: target-${n}`),
    }));
    const faulty = files.map(({ file, text: one }) => ({
      file,
      text: one.replace("refreshInterval: 15m", "refreshInterval: 5s"),
    }));
    const lint = (sources: typeof files): Promise<number> =>
      timed(() => Promise.resolve(lintSources(sources, { catalogue })));
    await lint(files.slice(0, 200));
    return [
      { what: `lint ${documents} valid documents`, unit: "ms", value: await lint(files) },
      { what: `lint ${documents} documents with a finding each`, unit: "ms", value: await lint(faulty) },
    ];
  },
};
