import type { StackPlan } from "../plan/environment.ts";
import { shellWord } from "../safe-text.ts";
import { environmentSteps, isUp } from "./environment-steps.ts";
import type { DraftStep, MoveInFacts, MoveInStep } from "./facts.ts";
import { removedBlocks, stateRemovals, takenOver } from "./terraform.ts";

/** All steps of one stack, in a safe order: whoever stops after any of them loses nothing and cuts nothing off. */
export function moveInSteps(plan: StackPlan, facts: MoveInFacts): readonly MoveInStep[] {
  const drafts = [
    releaseFromTerraform(plan, facts),
    ...(plan.kind === "shared" || plan.shared !== undefined ? [keyVaultNames(plan, facts)] : []),
    adopt(plan, facts),
    ...(plan.kind === "shared" ? [updateShared(facts)] : environmentSteps(plan, facts)),
  ];
  return drafts.map(({ isDone, ...draft }) => {
    const note = facts.unseen[draft.id];
    const state = note === undefined ? (isDone ? "done" : "open") : "unknown";
    return { objects: [], before: [], after: [], ...draft, state, ...(note && { note }) };
  });
}

function releaseFromTerraform(plan: StackPlan, { terraform, staleInTerraform = [] }: MoveInFacts): DraftStep {
  const found = terraform === undefined ? [] : takenOver(terraform, plan);
  const addresses = found.map(({ address }) => address);
  const deleted = addresses.filter((address) => terraform?.actions?.get(address)?.includes("delete") === true);
  const stale = staleInTerraform.join(", ");
  const notes = [
    ...(deleted.length > 0 ? [`do not apply this plan, it deletes ${deleted.join(", ")}`] : []),
    ...(stale === ""
      ? []
      : [`Key Vault has newer values of ${stale} than this file: applying the file writes the old ones`]),
  ];
  const first =
    "terraform show -json > state.json, and this command again with --terraform state.json; then delete the file";
  return {
    id: "terraform-release",
    stage: "key-vault",
    title: "Terraform releases what this program takes over, without destroying it",
    isDone: terraform !== undefined && found.length === 0,
    ...(notes.length > 0 && { note: notes.join("; ") }),
    objects: addresses.map((address) => `${address}: Terraform`),
    before: [
      "stop every pipeline that applies the old configuration: without the variable env_secrets it deletes each secret",
      "terraform plan: no changes",
    ],
    run:
      found.length === 0
        ? [first]
        : [
            `Terraform 1.7 and newer: replace the resource blocks by these, and refer to what stays by data sources\n${removedBlocks(found)}`,
            `older, or single instances of a resource: run these, and remove the blocks or keys in the same change\n${stateRemovals(found)}`,
          ],
    after: [
      `terraform plan -out tf.plan && terraform show -json tf.plan | ameide-secrets move-in --stack ${nameOf(plan)} --terraform - (it reports a plan that deletes)`,
      "terraform apply tf.plan",
    ],
    back: found.map(
      ({ address, attributes: { id } }) => `terraform import ${shellWord(address)} ${shellWord(String(id))}`,
    ),
  };
}

function keyVaultNames(plan: StackPlan, { strangers }: MoveInFacts): DraftStep {
  return {
    id: "key-vault-names",
    stage: "key-vault",
    title: "Key Vault names that do not belong there stay, and nothing here reads them",
    isDone: true,
    objects: strangers.map(({ name, owner }) => `${name}: ${owner}`),
    run: ["nothing: their owners decide whether they need the copies"],
    back: [
      `az keyvault secret recover --vault-name ${plan.azure.keyVault} --name <name>, for 90 days after a deletion`,
    ],
  };
}

function adopt(plan: StackPlan, facts: MoveInFacts): DraftStep {
  const stack = nameOf(plan);
  const { keyVaultPreparation: first } = facts;
  const found = facts.findings.flatMap(({ adopt: entries, subject, problem }) =>
    Object.entries(entries ?? {}).map(([resource, id]) => ({ resource, id, about: `${subject}: ${problem}` })),
  );
  const isUpdated = plan.kind === "shared" ? facts.isSharedUpdated : isUp(plan, facts);
  const isWritten = found.every(({ resource, id }) => plan.adopt?.[resource] === id);
  const entries = found.map(({ resource, id }) => `      ${resource}: ${JSON.stringify(id)}`);
  return {
    id: "adopt",
    stage: "key-vault",
    title: `Pulumi.${stack}.yaml names what this program takes over unchanged`,
    isDone: first === undefined && (isWritten || isUpdated),
    objects: found.map(({ about }) => about),
    run: [
      ...(first === undefined ? [] : [first]),
      [`in Pulumi.${stack}.yaml:`, "config:", "  ameide-secrets:settings:", "    adopt:", ...entries].join("\n"),
    ],
    after: [`ameide-secrets preview --stack ${stack}: each is an import, and nothing is replaced or deleted`],
    back: ["remove the entries. What was adopted stays in place when it leaves the stack"],
  };
}

function updateShared({ isSharedUpdated }: MoveInFacts): DraftStep {
  return {
    id: "up",
    stage: "key-vault",
    title: "This program manages Key Vault, identity and role",
    isDone: isSharedUpdated,
    before: ["ameide-secrets preview --stack shared"],
    run: [
      "ameide-secrets up --stack shared --yes",
      "ameide-secrets env push: shows what differs from .env; --yes writes it",
    ],
    back: ["pulumi state delete <urn> --stack shared for what was adopted, then terraform import"],
  };
}

function nameOf(plan: StackPlan): string {
  return plan.kind === "shared" ? plan.kind : plan.name;
}
