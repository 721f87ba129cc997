import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";

type Secret = BootstrapConfig["secrets"][number];

/** An external secret that has the same name in every stage. */
export function external(name: string, more: Partial<Secret> = {}): Secret {
  return { name, authority: "external", source: name, path: name, required: false, ...more };
}
