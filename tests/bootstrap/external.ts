import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";

type Secret = BootstrapConfig["secrets"][number];

/** An external secret whose name is the same at every hop. */
export function external(name: string, more: Partial<Secret> = {}): Secret {
  return { name, authority: "external", source: name, path: name, required: false, ...more };
}
