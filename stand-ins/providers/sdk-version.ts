import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export type PackageName = "azure-native" | "kubernetes" | "vault";

/** Version of the installed SDK: the engine compares it with what the program asks for. Loads no code of it. */
export function sdkVersion(name: PackageName): string {
  return (require(`@pulumi/${name}/package.json`) as { version: string }).version;
}
