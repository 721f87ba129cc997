import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Not bundled: the pack and its host must use the same copy. */
const runtimePackages = ["@pulumi/policy", "@pulumi/pulumi"];

interface Manifest {
  readonly version: string;
  readonly scripts?: object;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Writes pack and catalogue to one folder, created if missing: `pulumi policy publish` uploads a single folder. */
export async function bundlePack(folder: string): Promise<void> {
  const own = readManifest(join(here, "package.json"));
  const { dependencies } = readManifest(join(here, "..", "package.json"));
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, "index.ts")],
    outfile: join(folder, "index.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    external: [...runtimePackages],
    logLevel: "silent",
    // bundled CommonJS modules load Node's own modules with `require`
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  copyFileSync(join(here, "..", "environments", "catalogue.yaml"), join(folder, "catalogue.yaml"));
  writeFileSync(
    join(folder, "PulumiPolicy.yaml"),
    readFileSync(join(here, "PulumiPolicy.yaml"), "utf8").replace("start.mjs", "index.mjs"),
  );
  const { scripts: _scripts, ...published } = own;
  const manifest = {
    ...published,
    main: "index.mjs",
    dependencies: Object.fromEntries(runtimePackages.map((name) => [name, dependencies[name]])),
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

/** `node policies/bundle.ts FOLDER` */
const [, script, folder] = process.argv;
if (script === fileURLToPath(import.meta.url) && folder !== undefined) await bundlePack(folder);
