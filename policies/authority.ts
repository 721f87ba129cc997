import { ownerOfTarget } from "../domain/plan/declared.ts";
import { refused } from "./authority-verdicts.ts";
import { placeOfNamespace } from "./place.ts";
import {
  advisoryInDev,
  judgeEach,
  type ResourceRule,
  type RuleContext,
  type Violation,
  type Violations,
} from "./rule.ts";
import { entries, text } from "./subject/reading.ts";
import { targetsOf } from "./subject/other-deliveries.ts";
import type { Kind, Subject } from "./subject/subject.ts";
import { encryptedBy } from "./value-nature.ts";

const doors: readonly Kind[] = [
  "DotenvVariable",
  "KeyVaultSecret",
  "VaultSecret",
  "ExternalSecret",
  "ClusterExternalSecret",
  "PushSecret",
  "ClusterPushSecret",
  "OtherDelivery",
  "CronJob",
  "Workload",
];

export const authorityClusterManaged: ResourceRule = {
  id: "authority-cluster-managed",
  severity: "critical",
  description: "A secret that a controller in the cluster owns takes no part in the chain of external secrets.",
  why: "Two writers of one password: Langfuse and Coder lost their databases when Vault and CNPG disagreed.",
  remediation:
    "Remove the name here and let its owner make the Secret; where a delivery of it is lawful, declare it under inClusterDeliveries.",
  references: ["P12"],
  kinds: doors,
  judge: (subject, context) => refused(subject, context, "cluster-managed"),
};

export const authorityNotInCatalogue: ResourceRule = {
  id: "authority-not-in-catalogue",
  severity: "high",
  description: "Every name in the chain has a class in the catalogue.",
  why: "The whole .env used to be pushed: a developer's database password became a Key Vault secret.",
  remediation: "Add the name to environments/catalogue.yaml with its authority; `ameide-secrets add NAME` does it.",
  references: ["P26"],
  kinds: doors,
  judge: (subject, context) => refused(subject, context, "not-in-catalogue"),
};

export const authorityRetired: ResourceRule = {
  id: "authority-retired",
  severity: "medium",
  description: "No name that the catalogue retired is used again.",
  why: "The bootstrap read `env-ghcr-token` for months after the name was gone and kept its fixture: nothing could be pulled.",
  remediation: "Use the name that the catalogue gives instead.",
  references: ["P5"],
  kinds: doors,
  judge: (subject, context) => refused(subject, context, "retired"),
};

export const authorityUndeclaredDelivery: ResourceRule = {
  id: "authority-undeclared-delivery",
  severity: "high",
  description: "A secret of Keycloak, of a service or of the bootstrap is delivered only as the catalogue declares it.",
  why: "Fixture client secrets were delivered as if external, and every login failed with invalid_client.",
  remediation:
    "Declare the delivery under inClusterDeliveries with its producer, or read the Secret that is declared already.",
  references: ["P2"],
  kinds: ["ExternalSecret", "ClusterExternalSecret", "OtherDelivery", "CronJob", "Workload"],
  judge: (subject, context) => refused(subject, context, "undeclared"),
};

export const authorityDeclaredTarget: ResourceRule = {
  id: "authority-declared-target",
  severity: "high",
  description:
    "A Secret that the catalogue delivers is written by the ExternalSecret that the catalogue names, and by no other.",
  why: "A second ExternalSecret, with Merge too, overwrites keys of a Secret that consumers trust, and each refresh undoes the other's.",
  remediation: "Choose another target, or change the declared ExternalSecret.",
  references: ["P33"],
  kinds: ["ExternalSecret", "ClusterExternalSecret", "OtherDelivery"],
  judge(subject, { catalogue, place }) {
    const own =
      (subject.kind === "ClusterExternalSecret" ? text(subject.object, "spec", "externalSecretName") : undefined) ??
      text(subject.object, "metadata", "name");
    const namespace = text(subject.object, "metadata", "namespace");
    const environment = placeOfNamespace(namespace) ?? place;
    return judgeEach(targetsOf(subject), ({ path, name }): Violations => {
      const target = name();
      if (target === undefined || own === undefined) return [];
      const owner = ownerOfTarget(catalogue, { target, namespace, environment });
      if (owner === undefined || (owner === own && subject.kind !== "OtherDelivery")) return [];
      return [{ path, problem: `writes the Secret "${target}", which belongs to the ExternalSecret "${owner}"` }];
    });
  },
};

export const authorityWrongWriter: ResourceRule = {
  id: "authority-wrong-writer",
  severity: "high",
  description: "External secrets are written into Vault by vault-bootstrap and by nobody else.",
  why: "One writer per secret: a second one wins in turn, and a rotated value comes back.",
  remediation:
    "Remove the write; put the value into Key Vault by `ameide-secrets env push` and let the bootstrap carry it.",
  references: ["P12"],
  kinds: ["VaultSecret", "PushSecret", "ClusterPushSecret"],
  judge: (subject, context) => refused(subject, context, "wrong-writer"),
};

export const authoritySealedSecret: ResourceRule = {
  id: "authority-sealed-secret",
  severity: "medium",
  description: "No SealedSecret, and no Secret that SOPS encrypts: secrets come by the pipeline or from their owner.",
  why: "A second way into the cluster, with a value in Git that nobody rotates.",
  remediation: "Add the secret to the catalogue and deliver it by ExternalSecret.",
  references: ["https://github.com/bitnami-labs/sealed-secrets"],
  kinds: ["SealedSecret", "Secret"],
  judge({ kind, origin, object }) {
    if (kind === "SealedSecret") return [{ problem: "is a SealedSecret; deliver it by an ExternalSecret instead" }];
    if (origin !== "document") return []; // the API server never gets ciphertext
    const encrypted = ["data", "stringData"].flatMap((field) =>
      entries(object, field).flatMap(([key]) => {
        const tool = encryptedBy(text(object, field, key) ?? "");
        return tool === undefined ? [] : [{ path: [field, key], tool }];
      }),
    );
    const [first] = encrypted;
    if (first === undefined) return [];
    return [{ path: first.path, problem: `is encrypted by ${first.tool}; deliver it by an ExternalSecret instead` }];
  },
};

/** In another program's stacks, which a policy group may judge as well, such resources are that program's own business. */
function inOwnStack({ isOwnStack = true }: RuleContext, find: () => Violation): Violations {
  return isOwnStack ? [find()] : [];
}

function exemption({ label }: Subject): string {
  return `remove it from this stack, or exempt "${label}" in policies/exemptions.ts with a reason and a last day`;
}

export const authorityOpaqueWriter: ResourceRule = {
  id: "authority-opaque-writer",
  severity: "critical",
  description: "No resource of this program's stacks writes what no rule can read.",
  why: "A command, a chart or a script can put a database password into Key Vault, and every other rule is silent about it.",
  remediation:
    "Remove the resource from this stack, or exempt it in policies/exemptions.ts with a reason and a last day.",
  references: ["https://www.pulumi.com/registry/packages/command/"],
  kinds: ["OpaqueWriter"],
  judge: (subject, context) =>
    inOwnStack(context, () => {
      const reason = text(subject.object, "reason") ?? "";
      return { problem: `${reason}; no rule can read what it writes`, fix: exemption(subject) };
    }),
};

export const authorityUnknownType: ResourceRule = {
  id: "authority-unknown-type",
  severity: "high",
  description: "Every resource of this program's stacks is of a type that the rules know.",
  why: "A type that no rule knows passes in silence: an API version of its own once carried a database password into Key Vault.",
  remediation:
    "Put the resource into another program's stack, or exempt it in policies/exemptions.ts with a reason and a last day.",
  references: ["https://www.pulumi.com/docs/iac/concepts/resources/names/#types"],
  levels: advisoryInDev,
  kinds: ["UnknownType"],
  judge: (subject, context) =>
    inOwnStack(context, () => ({ problem: "is of a type that no rule knows", fix: exemption(subject) })),
};
