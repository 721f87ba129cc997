import type { Strictness } from "../domain/plan/environment.ts";

/** What all environments have in common: the vault, its secrets and the bootstrap's identity. */
export const shared: Pick<Strictness, "values" | "protect"> = {
  values: "data-plane",
  protect: true,
};
