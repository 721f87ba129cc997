import { join } from "node:path";
import { build, stop } from "esbuild";
import { repositoryRoot } from "./repository.ts";

const built = new Map<string, Promise<string>>();

/** Builds vault-bootstrap, once in a process, into one CommonJS text with the same bytes in every checkout. */
export async function bundleBootstrap(root: string = repositoryRoot): Promise<string> {
  const running = built.get(root) ?? buildBundle(root);
  built.set(root, running);
  return running;
}

async function buildBundle(root: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join("bootstrap", "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node22",
    minify: true,
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    // the packages' ES modules leave out more than their CommonJS does
    mainFields: ["module", "main"],
  });
  await stop(); // its process would stay as long as this one, with 70 MiB of the memory of a start
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error("esbuild made no file of bootstrap/main.ts");
  return bundle.text;
}
