import { PolicyPack } from "@pulumi/policy";
import { readCatalogue } from "../environments/catalogue.ts";
import { exemptionProblems, exemptions } from "./exemptions.ts";
import { policiesOf } from "./pack/policies.ts";
import { rules } from "./rules.ts";

/** The one file that makes the PolicyPack (it starts a server) and reads anything: the catalogue, the clock, the phase. */
const problems = exemptionProblems(exemptions, new Set(rules.map(({ id }) => id)));
if (problems.length > 0) throw new Error(`policies/exemptions.ts:\n${problems.join("\n")}`);

new PolicyPack("ameide-secrets", {
  description: "No cluster-managed secret gets in, by any door.",
  displayName: "ameide-secrets",
  tags: ["secrets", "external-secrets", "azure-key-vault", "vault"],
  policies: policiesOf(rules, {
    catalogue: readCatalogue(),
    exemptions,
    today: new Date().toISOString().slice(0, 10),
    mayBeUndecided: process.env.PULUMI_DRY_RUN !== "false",
  }),
});
