import { refused, type Refusal } from "./authority-verdicts.ts";
import { advisoryInDev, type ResourceRule, type RuleContext, type Violations, type RuleTable } from "./rule.ts";
import { entries, text } from "./subject/reading.ts";
import { deliveryKinds, pushKinds } from "./subject/references.ts";
import type { Kind, Subject } from "./subject/subject.ts";
import { encryptedBy } from "./value-nature.ts";

const inClusterReaders: readonly Kind[] = [...deliveryKinds, "OtherDelivery", "CronJob", "Workload"];

const namingKinds: readonly Kind[] = [
  "DotenvVariable",
  "KeyVaultSecret",
  "VaultSecret",
  ...pushKinds,
  ...inClusterReaders,
];

export const authorityRules = {
  "authority-cluster-managed": {
    severity: "critical",
    description: "A secret that a controller in the cluster owns is not in the pipeline for external secrets.",
    why: "One password had two writers: Langfuse and Coder lost their databases when Vault and CNPG disagreed.",
    remediation:
      "Remove the name here and let its owner create the Secret; if its delivery is allowed, declare it under inClusterDeliveries.",
    references: ["P12"],
    kinds: namingKinds,
    judge: refuses("cluster-managed"),
  },
  "authority-not-in-catalogue": {
    severity: "high",
    description: "Every name in the pipeline has an authority in the catalogue.",
    why: "The whole .env used to be pushed: a developer's database password became a Key Vault secret.",
    remediation: "Add the name to environments/catalogue.yaml with its authority; `ameide-secrets add NAME` does it.",
    references: ["P26"],
    kinds: namingKinds,
    judge: refuses("not-in-catalogue"),
  },
  "authority-retired": {
    severity: "medium",
    description: "No name that the catalogue retired is used again.",
    why: "vault-bootstrap read `env-ghcr-token` for months after the name was gone and kept its fixture: no image could be pulled.",
    remediation: "Use the name that the catalogue gives instead.",
    references: ["P5"],
    kinds: namingKinds,
    judge: refuses("retired"),
  },
  "authority-undeclared-delivery": {
    severity: "high",
    description:
      "A secret of Keycloak, of a service or of vault-bootstrap is delivered only as the catalogue declares it.",
    why: "Fixture client secrets were delivered as if they were external, and every login failed with invalid_client.",
    remediation:
      "Declare the delivery under inClusterDeliveries with its producer, or read the Secret that is declared.",
    references: ["P2"],
    kinds: inClusterReaders,
    judge: refuses("undeclared"),
  },
  "authority-wrong-writer": {
    severity: "high",
    description: "Only vault-bootstrap writes external secrets to Vault.",
    why: "With two writers, each overwrites the other's value, and an old value comes back after a rotation.",
    remediation:
      "Remove the write; put the value into Key Vault with `ameide-secrets env push`, and vault-bootstrap copies it.",
    references: ["P12"],
    kinds: ["VaultSecret", ...pushKinds],
    judge: refuses("wrong-writer"),
  },
  "authority-sealed-secret": {
    severity: "medium",
    description:
      "No SealedSecret, and no Secret that SOPS encrypts: secrets come from the pipeline or from their owner.",
    why: "It is a second way into the cluster, with a value in Git that nobody rotates.",
    remediation: "Add the secret to the catalogue and deliver it with an ExternalSecret.",
    references: ["https://github.com/bitnami-labs/sealed-secrets"],
    kinds: ["SealedSecret", "Secret"],
    judge({ kind, origin, object }) {
      if (kind === "SealedSecret") return { problem: "is a SealedSecret; deliver it with an ExternalSecret instead" };
      if (origin !== "document") return []; // the API server never gets ciphertext
      const encrypted = ["data", "stringData"].flatMap((field) =>
        entries(object, field).map(([key]): Violations => {
          const tool = encryptedBy(text(object, field, key) ?? "");
          const problem = `is encrypted by ${tool ?? ""}; deliver it with an ExternalSecret instead`;
          return tool !== undefined && { path: [field, key], problem };
        }),
      );
      return encrypted.find((found) => found !== false); // one tool encrypts the whole Secret
    },
  },
  "authority-opaque-writer": {
    severity: "critical",
    description: "No resource of this program's stacks writes something that no rule can read.",
    why: "A command, a chart or a script can put a database password into Key Vault, and no other rule would notice.",
    remediation:
      "Remove the resource from this stack, or exempt it in policies/exemptions.ts with a reason and an expiry date.",
    references: ["https://www.pulumi.com/registry/packages/command/"],
    kinds: ["OpaqueWriter"],
    judge: inOwnStack(({ object }) => `${text(object, "reason") ?? ""}; no rule can read what it writes`),
  },
  "authority-unknown-type": {
    severity: "high",
    description: "Every resource of this program's stacks has a type that the rules know.",
    why: "An unknown type is not judged at all: an unusual API version once carried a database password into Key Vault.",
    remediation:
      "Move the resource to another program's stack, or exempt it in policies/exemptions.ts with a reason and an expiry date.",
    references: ["https://www.pulumi.com/docs/iac/concepts/resources/names/#types"],
    levels: advisoryInDev,
    kinds: ["UnknownType"],
    judge: inOwnStack(() => "has a type that no rule knows"),
  },
} satisfies RuleTable;

function refuses(refusal: Refusal): ResourceRule["judge"] {
  return (subject, context) => refused(subject, context, refusal);
}

/** A policy group may judge other programs too, where such resources are that program's own decision. */
function inOwnStack(find: (subject: Subject) => string): ResourceRule["judge"] {
  return (subject, { isOwnStack = true }: RuleContext) =>
    isOwnStack && {
      problem: find(subject),
      fix: `remove it from this stack, or exempt "${subject.label}" in policies/exemptions.ts with a reason and an expiry date`,
    };
}
