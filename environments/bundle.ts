import { join } from "node:path";
import { build } from "esbuild";

/**
 * Builds vault-bootstrap into one CommonJS text, which a ConfigMap carries into the cluster.
 *
 * @param root - the repository; its name does not go into the text, so that every checkout gives the same bytes.
 * @throws the build's own error: a bundle that does not build is our defect.
 */
export async function bundleBootstrap(root: string): Promise<string> {
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
    // the package's ES modules shake better, and leave `import.meta` out of a CommonJS text
    mainFields: ["module", "main"],
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error("esbuild made no file of bootstrap/main.ts");
  return bundle.text;
}
