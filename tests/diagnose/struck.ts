import type { CauseCode } from "../../diagnose/causes.ts";
import type { Diagnosis } from "../../diagnose/diagnosis.ts";
import { explain } from "../../diagnose/explain.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { environmentStack } from "../support/stacks.ts";
import { healthy, stack } from "./healthy.ts";
import { strikes } from "./strikes.ts";

/** The diagnosis where only this is broken. */
export function struckBy(code: CauseCode): Diagnosis {
  const expected = stackFor(code);
  const before = healthy(expected);
  return explain({ ...before, ...strikes[code](before) }, expected);
}

function stackFor(code: CauseCode): EnvironmentStack {
  if (code === "bootstrap-source-missing") {
    const source = {
      type: "kubernetes-secret",
      name: "vault-bootstrap-local-secrets",
      key: "env-secrets.json",
    } as const;
    return { ...stack, bootstrap: { ...stack.bootstrap, config: { ...stack.bootstrap.config, source } } };
  }
  if (code === "vault-root-token-stored") {
    return { ...stack, strictness: { ...stack.strictness, rootToken: "revoked" } };
  }
  if (code !== "value-too-short") return stack;
  const { catalogue } = stack;
  const token = { authority: "external" as const, env: "GHCR_TOKEN", minLengthInCharacters: 20 };
  return environmentStack(
    "dev",
    {},
    { catalogue: { ...catalogue, secrets: { ...catalogue.secrets, "ghcr-token": token } } },
  );
}
