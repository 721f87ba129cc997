import { join } from "node:path";
import { build, stop, type Plugin } from "esbuild";
import { repositoryRoot } from "./repository.ts";

/**
 * Modules of Azure's libraries that vault-bootstrap loads and never calls: it reads secrets with the pod's projected
 * token. A call would fail as a defect of ours; the tests of the bootstrap run the bundle.
 */
const neverCalled = new RegExp(
  [
    "node_modules/(?:jsonwebtoken|open|@azure/core-lro)/",
    "keyvault-secrets/dist/esm/lro/",
    "core-client/dist/esm/(?:urlHelpers|utils)",
    "msal-node/dist/client/(?:DeviceCode|ManagedIdentity|OnBehalfOf|PublicClient|UserFederated|UsernamePassword)",
    "msal-node/dist/(?:cache/serializer|config/Managed|error/Managed|network/Loopback|protocol/Authorize|retry)",
    "msal-common/dist/client/(?:AuthorizationCode|RefreshToken|SilentFlow)",
    "msal-common/dist/(?:crypto/(?:Dpop|Pop)|protocol/Authorize)",
    "ts-http-runtime/dist/esm/client/multipart",
  ].join("|"),
);

const withoutThose: Plugin = {
  name: "without-what-is-never-called",
  setup(bundling) {
    bundling.onLoad({ filter: neverCalled }, () => ({ contents: "module.exports = {};" }));
    // agent-base asks for it when it is loaded; DEBUG is not set in the pod
    bundling.onLoad({ filter: /node_modules\/debug\/src\/index\.js$/ }, () => ({
      contents: "module.exports = () => () => {};",
    }));
  },
};

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
    plugins: [withoutThose],
  });
  await stop(); // its process would stay as long as this one, with 70 MiB of the memory of a start
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error("esbuild made no file of bootstrap/main.ts");
  return bundle.text;
}
