import { isRecord } from "./reading.ts";
import { readTypeToken } from "./type-token.ts";

/** Normalised types that write what no rule can read, and why; a key with `:` at its end is a whole module or provider. */
export const opaqueWriters: Readonly<Record<string, string>> = {
  "command:": "runs a command, which can write any secret anywhere",
  "null:": "runs a command, which can write any secret anywhere",
  "terraform:": "runs a Terraform module; its provider creates the resources",
  "docker:": "runs a container with any input",
  "docker-build:": "builds an image from any input",
  "pulumi-nodejs:": "runs code of the program instead of a provider",
  "pulumi-python:": "runs code of the program instead of a provider",
  "kubernetes:helm.sh:": "installs a chart; its templates decide what it creates",
  "helm:": "installs a chart; its templates decide what it creates",
  "kubernetes:kustomize:": "applies a folder or an address, which no rule reads",
  "azure-native:resources:AzureCliScript": "runs a script in Azure, which can write any secret of the subscription",
  "azure-native:resources:AzurePowerShellScript":
    "runs a script in Azure, which can write any secret of the subscription",
  "azapi:index:ResourceAction": "calls any action of Azure Resource Manager",
  "azure-native:automation:": "runs a script in Azure, which can write any secret of the subscription",
};

/** Inputs of a type that name files or addresses to apply. */
const applied: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:yaml:ConfigGroup": ["files"],
  "kubernetes:yaml:ConfigFile": ["file"],
};

/** Types of this program that no rule has to judge, and providers that write nothing outside the state. */
const harmless: ReadonlySet<string> = new Set([
  "azure-native:resources:ResourceGroup",
  "kubernetes:core:Namespace",
  "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicy",
  "kubernetes:admissionregistration.k8s.io:ValidatingAdmissionPolicyBinding",
  "kubernetes:yaml:ConfigGroup",
  "kubernetes:yaml:ConfigFile",
  "ameide-secrets:",
  "pulumi:",
  "random:",
  "time:",
]);

/** Whether a resource of a type never has to be read. A Kubernetes resource has to be: its object may have another kind. */
export function isHarmless(type: string): boolean {
  const { key, family } = readTypeToken(type);
  return family !== "kubernetes" && keysOf(key).some((one) => harmless.has(one));
}

export interface Unread {
  readonly kind: "OpaqueWriter" | "UnknownType";
  /** Why no rule can read what it writes; only of an opaque writer. */
  readonly reason?: string;
}

/** @returns `undefined` for a type that writes no secret. */
export function unreadOf(type: string, props: Readonly<Record<string, unknown>>): Unread | undefined {
  const { key } = readTypeToken(type);
  const keys = keysOf(key);
  const reason = keys.map((one) => opaqueWriters[one]).find((one) => one !== undefined) ?? linkedIn(key, props);
  if (reason !== undefined) return { kind: "OpaqueWriter", reason };
  return keys.some((one) => harmless.has(one)) ? undefined : { kind: "UnknownType" };
}

function linkedIn(key: string, props: Readonly<Record<string, unknown>>): string | undefined {
  if (applied[key]?.some((input) => props[input] !== undefined && props[input] !== null)) {
    return "applies files or addresses, which no rule reads";
  }
  const { properties } = props;
  const isLinked = isRecord(properties) && isRecord(properties["templateLink"]);
  return isLinked ? "deploys a template from an address, which no rule reads" : undefined;
}

function keysOf(key: string): readonly string[] {
  const [family = "", module = ""] = key.split(":");
  return [key, `${family}:${module}:`, `${family}:`];
}
