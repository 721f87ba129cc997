import { refused } from "./authority-verdicts.ts";
import { advisoryInDev, mandatory, type ResourceRule } from "./rule.ts";
import type { Kind } from "./subject/subject.ts";

const doors: readonly Kind[] = [
  "DotenvVariable",
  "KeyVaultSecret",
  "VaultSecret",
  "ExternalSecret",
  "ClusterExternalSecret",
  "PushSecret",
  "ClusterPushSecret",
];

export const authorityClusterManaged: ResourceRule = {
  id: "authority-cluster-managed",
  family: "authority",
  severity: "critical",
  description: "A secret that a controller in the cluster owns takes no part in the chain of external secrets.",
  why: "Two writers of one password: Langfuse and Coder lost their databases when Vault and CNPG disagreed.",
  remediation:
    "Remove the name here and let its owner make the Secret; where a delivery of it is lawful, declare it under inClusterDeliveries.",
  references: ["451", "412", "462", "P12"],
  levels: mandatory,
  kinds: doors,
  judge: (subject, context) => refused(subject, context, "cluster-managed"),
};

export const authorityNotInCatalogue: ResourceRule = {
  id: "authority-not-in-catalogue",
  family: "authority",
  severity: "high",
  description: "Every name in the chain has a class in the catalogue.",
  why: "The whole .env used to be pushed: a developer's database password became a Key Vault secret.",
  remediation: "Add the name to environments/catalogue.yaml with its authority; `ameide-secrets add NAME` does it.",
  references: ["462", "444", "451"],
  levels: advisoryInDev,
  kinds: doors,
  judge: (subject, context) => refused(subject, context, "not-in-catalogue"),
};
