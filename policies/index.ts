import { PolicyPack } from "@pulumi/policy";
import { effectivePrefix } from "../domain/names.ts";
import { readCatalogue } from "../environments/catalogue.ts";
import { readEnvironmentVaults } from "../environments/stack-settings.ts";
import { repositoryRoot } from "../environments/repository.ts";
import { readStackSettings } from "../environments/stack-file.ts";
import { exemptionProblems, exemptions } from "./exemptions.ts";
import { policiesOf } from "./pack/policies.ts";
import { rules } from "./rules.ts";
import { remembered } from "./subject/reading.ts";

/** The only file that creates the PolicyPack, which starts a server, and that reads the catalogue, stack files and the clock. */
const problems = exemptionProblems(exemptions, new Set(rules.map(({ id }) => id)));
if (problems.length > 0) throw new Error(`policies/exemptions.ts:\n${problems.join("\n")}`);

// A published pack has no stack files, and judges names with the default prefix and without. Each file is read when it is
// needed: a mistake in Pulumi.local.yaml must not stop the pack for other stacks.
const prefixOf = remembered(prefixSetBy);

new PolicyPack("ameide-secrets", {
  displayName: "ameide-secrets",
  description: "Cluster-managed secrets stay out of the pipeline for external secrets.",
  tags: ["secrets", "external-secrets", "azure-key-vault", "vault"],
  repository: "https://github.com/ameideio/ameide-secrets",
  policies: policiesOf(rules, {
    catalogue: readCatalogue(),
    exemptions,
    today: new Date().toISOString().slice(0, 10),
    // an engine that starts the pack through a language host does not set it; an update has no unknown values to judge
    isPreview: process.env.PULUMI_DRY_RUN !== "false",
    keyVaultPrefixOf: (environment) => prefixOf(environment === "local" ? "local" : "shared"),
    vaults: readEnvironmentVaults(repositoryRoot),
  }),
});

function prefixSetBy(stack: "local" | "shared"): string | undefined {
  const settings = readStackSettings(stack, repositoryRoot);
  if (settings === undefined) return undefined;
  return effectivePrefix((settings as { readonly secretPrefix?: string }).secretPrefix);
}
