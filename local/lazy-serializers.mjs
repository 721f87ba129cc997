// `@pulumi/pulumi` loads npm's installer and TypeScript when it starts, for functions that it would serialise. No program
// here has any. Imported before the SDK, this has both loaded when they are first used, which is half of the SDK's start.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
for (const name of ["@npmcli/arborist", "typescript"]) {
  let file, loaded;
  try {
    file = require.resolve(name);
  } catch {
    continue; // not installed, such as TypeScript without the development packages
  }
  const load = () => {
    if (loaded === undefined) delete require.cache[file];
    return (loaded ??= require(file));
  };
  // with `__esModule`, the SDK's helper for imports does not copy the properties
  const exports = new Proxy({}, { get: (_, key) => key === "__esModule" || load()[key] });
  require.cache[file] = { id: file, filename: file, loaded: true, exports, children: [], paths: [] };
}
