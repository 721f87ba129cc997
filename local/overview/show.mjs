// A fresh clone has no packages: npm installs four small ones into a cache folder, then esbuild bundles main.ts.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cacheDir, runNpm } from "../install.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const manifests = ["package.json", "package-lock.json"].map((file) => join(here, "packages", file));

/** @returns 0, or the exit code; the reason was printed. */
export async function showOverview(options) {
  const packages = await ensurePackages();
  if (packages === undefined) return 0; // printed; npm ci will print more
  const scratch = mkdtempSync(join(cacheDir(), ".overview-"));
  try {
    const bundle = join(scratch, "overview.mjs");
    await bundleOverview(packages, bundle);
    const { printOverview } = await import(pathToFileURL(bundle).href);
    return await printOverview(options);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns the folder that holds node_modules, or `undefined` when they cannot be installed. */
async function ensurePackages() {
  const hash = createHash("sha256");
  for (const file of manifests) hash.update(readFileSync(file));
  const folder = join(cacheDir(), `overview-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;

  const building = mkdtempSync(join(cacheDir(), ".overview-packages-"));
  const log = join(cacheDir(), "overview.log");
  try {
    for (const file of manifests) copyFileSync(file, join(building, basename(file)));
    const code = await runNpm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], building, log);
    if (code !== 0) {
      console.error(`the overview needs four npm packages, and npm ci ended with ${code}: read ${log}`);
      return undefined;
    }
    publish(building, folder);
    return folder;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** By a rename, so that the folder is always complete; another start may have been faster. */
function publish(building, folder) {
  try {
    renameSync(building, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** @public its test runs it in a process of its own */
export async function bundleOverview(packages, outfile) {
  const { build } = await import(pathToFileURL(join(packages, "node_modules", "esbuild", "lib", "main.js")).href);
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(here, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    logLevel: "error",
    // dotenv is CommonJS and asks for Node's own modules by `require`
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    inject: [join(here, "older-node.mjs")],
    plugins: [fromFolder(packages)],
  });
}

/** The repository's node_modules may be incomplete. */
function fromFolder(folder) {
  return {
    name: "from-folder",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind, pluginData }) => {
        if (pluginData === folder || path.startsWith("node:") || kind === "entry-point") return undefined;
        return resolve(path, { kind, resolveDir: folder, pluginData: folder });
      });
    },
  };
}
