import { readStackSettings, repositoryRoot } from "../../environments/index.ts";

/** `secretPrefix` of the stack that owns Key Vault; left out means `env-`, which is not the same as `""`. */
export function prefixOf(stack: "shared" | "local"): string | undefined {
  return (readStackSettings(stack, repositoryRoot) as { readonly secretPrefix?: string }).secretPrefix;
}
