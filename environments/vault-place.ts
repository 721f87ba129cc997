import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { EnvironmentStack, VaultCa } from "../domain/plan/environment.ts";
import { namespaceOf, vaultServerName, serviceHosts } from "../domain/names.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import type { VaultSettings } from "./settings.ts";
import { stackFileName } from "./repository.ts";
import type { EnvironmentName } from "../domain/stage.ts";

export type CloudEnvironment = Exclude<EnvironmentName, "local">;

/** Address of an environment's Vault, as pods reach it. */
export function vaultAddressOf(name: EnvironmentName, vault: VaultSettings): string {
  const { address, statefulSet = vaultServerName(name), kubernetesNamespace = namespaceOf(name) } = vault;
  const [, , host] = serviceHosts(statefulSet, kubernetesNamespace);
  return address ?? `${hasOwnCa(vault) ? "https" : "http"}://${host}:8200`;
}

export function hasOwnCa({ caFile, caFrom }: VaultSettings): boolean {
  return caFile !== undefined || caFrom !== undefined;
}

/** Near ends of the ways to each environment's Vault. */
const operatorPorts: Readonly<Record<CloudEnvironment, number>> = { dev: 18_200, staging: 18_210, prod: 18_220 };

/**
 * Where this machine reaches an environment's Vault, where no setting says it: the near end of a port-forward. One port
 * each: at one that all share, whoever works on two environments at once would meet the other's Vault, with the keys of this
 * one in hand.
 */
export function defaultOperatorAddress(name: CloudEnvironment, podAddress: string): string {
  return `${new URL(podAddress).protocol}//127.0.0.1:${operatorPorts[name]}`;
}

type Vault = EnvironmentStack["vault"];

interface VaultVariables {
  readonly root: string;
  readonly offline: boolean;
  /** VAULT_ADDR, VAULT_CACERT and VAULT_NAMESPACE. */
  readonly vaultAddress?: string;
  readonly vaultCaFile?: string;
  readonly vaultNamespace?: string;
}

/**
 * Where an environment's Vault is and whom it is trusted by, from the stack's settings and the Vault variables of the process.
 *
 * @returns findings `vault-ca-invalid`, `vault-ca-without-tls`, `vault-namespace-differs` (errors) and `vault-plain-http`, a
 *   warning.
 */
export function vaultPlace(
  name: CloudEnvironment,
  settings: VaultSettings,
  context: VaultVariables,
): { readonly vault: Vault; readonly findings: readonly Finding[] } {
  const { namespace, mount, authMount, caFile, githubLogin } = settings;
  const address = vaultAddressOf(name, settings);
  const operatorAddress = settings.operatorAddress ?? context.vaultAddress ?? defaultOperatorAddress(name, address);
  const { kubernetesNamespace = namespaceOf(name), statefulSet = vaultServerName(name) } = settings;
  const { serviceAccount = statefulSet } = settings;
  const findings: Finding[] = [];
  const refuse = (code: string, subject: string, problem: string, fix: string): void => {
    findings.push(errorFinding(code, "vault", subject, problem, fix, stackFileName(name)));
  };
  const readCa = (file: string, subject: string): string | undefined => {
    const read = readCertificates(isAbsolute(file) ? file : join(context.root, file));
    if ("pem" in read) return read.pem;
    refuse(
      "vault-ca-invalid",
      subject,
      `${subject} ${file} ${read.problem}`,
      "give the path of a PEM file with the certificate of the CA",
    );
    return undefined;
  };
  const ownPem = caFile === undefined ? undefined : readCa(caFile, "vault.caFile");
  // the provider reads VAULT_CACERT without help; the command line must trust the same
  const variable = caFile === undefined && !context.offline ? context.vaultCaFile : undefined;
  const pem = ownPem ?? (variable === undefined ? undefined : readCa(variable, "VAULT_CACERT"));
  if (hasOwnCa(settings) && address.startsWith("http:")) {
    refuse(
      "vault-ca-without-tls",
      "vault.address",
      `vault.address is ${address}, so the CA of vault.${caFile === undefined ? "caFrom" : "caFile"} is never asked for`,
      "use an https address, or remove the CA",
    );
  }
  if (!hasOwnCa(settings) && address.startsWith("http:")) {
    const problem = `vault.address is ${address}, so ServiceAccount tokens and every secret cross the cluster's network in clear text`;
    const fix = "serve Vault by TLS, then set vault.address to its https address, and vault.caFile for a private CA";
    const finding = errorFinding("vault-plain-http", "vault", "vault.address", problem, fix, stackFileName(name));
    findings.push({ ...finding, severity: "warning" });
  }
  const { vaultNamespace } = context;
  if (vaultNamespace !== undefined && vaultNamespace.replace(/^\/|\/$/g, "") !== (namespace ?? "")) {
    // the provider would use the variable where the settings say nothing, and the command line would not
    refuse(
      "vault-namespace-differs",
      "vault.namespace",
      `VAULT_NAMESPACE is ${vaultNamespace}, and vault.namespace is ${namespace ?? "not set"}`,
      "unset VAULT_NAMESPACE, or set vault.namespace to the same",
    );
  }
  const podCa: VaultCa | undefined = settings.caFrom ?? (ownPem === undefined ? undefined : { pem: ownPem });
  const vault: Vault = {
    address,
    operatorAddress,
    ...(namespace === undefined ? {} : { namespace }),
    ...(podCa === undefined ? {} : { podCa }),
    ...(pem === undefined ? {} : { operatorCa: { ...(caFile === undefined ? {} : { file: caFile }), pem } }),
    mount,
    authMount,
    ...(githubLogin === undefined ? {} : { githubLogin }),
    statefulSet: { namespace: kubernetesNamespace, name: statefulSet },
    serviceAccount: { namespace: kubernetesNamespace, name: serviceAccount },
    kubernetesHost: "https://kubernetes.default.svc",
  };
  return { vault, findings };
}

/** The certificates of a PEM file and nothing else of it: the text goes into a ConfigMap and into every store. */
function readCertificates(path: string): { readonly pem: string } | { readonly problem: string } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { problem: "cannot be read" };
  }
  if (text.includes("PRIVATE KEY-----"))
    return { problem: "contains a private key, which would be copied into the cluster" };
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return { problem: "contains no certificate" };
  try {
    for (const certificate of certificates) void new X509Certificate(certificate);
  } catch {
    return { problem: "contains something that is not a certificate" };
  }
  return { pem: `${certificates.join("\n")}\n` };
}
