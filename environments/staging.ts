import type { Strictness } from "../domain/plan/environment.ts";
import { prod } from "./prod.ts";

/** The rehearsal of production; its Vault holds live values, so it is never initialised automatically. */
export const staging: Strictness = { ...prod, unseal: "from-secret", maxVersions: 10 };
