import type { Strictness } from "./environment.ts";
import type { Finding } from "../finding.ts";
import type { EnvironmentName, Stage } from "../stage.ts";

/** Postures that are lawful in some environments only; what stands in `environments/<name>.ts` is held to it. */
export function checkStrictness(name: EnvironmentName, strictness: Strictness): readonly Finding[] {
  const rules: readonly (readonly [boolean, Stage, keyof Strictness, string])[] = [
    [
      strictness.vaultAuth === "outside-pod" && name !== "local",
      "vault",
      "vaultAuth",
      "consumers that review their own tokens are a deviation for a Vault beside the cluster, in local only",
    ],
    [
      strictness.fixturesAllowed && name !== "local" && name !== "dev",
      "bootstrap",
      "fixturesAllowed",
      "fixtures are for dev and local only (462)",
    ],
    [!strictness.protect && name !== "local", "key-vault", "protect", "only what local holds may be thrown away"],
    [
      strictness.makesNamespaces && name !== "local",
      "secret-store",
      "makesNamespaces",
      "namespaces exist already everywhere but in local, and belong to others",
    ],
    [
      strictness.initialise && name === "prod",
      "bootstrap",
      "initialise",
      "production's Vault is set up once, in a ceremony, and never by itself (362-v2)",
    ],
    [
      strictness.rootToken === "stored" && name !== "local" && name !== "dev",
      "bootstrap",
      "rootToken",
      "a root token has no end: it is generated with the unseal key when it is needed, and stored in dev and local only",
    ],
    [
      strictness.refreshIntervalInSeconds < 60,
      "external-secret",
      "refreshIntervalInSeconds",
      "less than a minute asks Vault more often than the bootstrap writes",
    ],
  ];
  return rules
    .filter(([broken]) => broken)
    .map(([, stage, key, reason]) => ({
      code: "strictness-not-allowed",
      stage,
      severity: "error",
      where: `environments/${name}.ts`,
      subject: key,
      problem: `${key} ${JSON.stringify(strictness[key])} is not allowed in ${name}: ${reason}`,
      fix: `change ${key} in environments/${name}.ts`,
    }));
}
