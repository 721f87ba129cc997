import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { namespaceOf, vaultServerName, serviceHosts } from "../domain/names.ts";
import { errorFinding, type Finding, type Severity } from "../domain/finding.ts";
import type { LoadContext } from "./load-input.ts";
import type { VaultSettings } from "../domain/plan/settings.ts";
import { stackFileName } from "./repository.ts";
import type { EnvironmentName } from "../domain/stage.ts";

export type CloudEnvironment = Exclude<EnvironmentName, "local">;

/** Address of an environment's Vault, as pods reach it. */
export function vaultAddressOf(name: EnvironmentName, vault: VaultSettings): string {
  const { address, statefulSet = vaultServerName(name), kubernetesNamespace = namespaceOf(name) } = vault;
  const [, , host] = serviceHosts(statefulSet, kubernetesNamespace);
  return address ?? `${hasOwnCa(vault) ? "https" : "http"}://${host}:8200`;
}

function hasOwnCa({ caFile, caFrom }: VaultSettings): boolean {
  return caFile !== undefined || caFrom !== undefined;
}

/** Local ports of the port-forwards: at a shared one, keys of one environment could reach the Vault of another. */
const operatorPorts: Readonly<Record<CloudEnvironment, number>> = { dev: 18_200, staging: 18_210, prod: 18_220 };

export function defaultOperatorAddress(name: CloudEnvironment, podAddress: string): string {
  return `${new URL(podAddress).protocol}//127.0.0.1:${operatorPorts[name]}`;
}

/**
 * Where an environment's Vault is and its CA, from the stack's settings and the Vault variables of the process.
 * @returns errors `vault-ca-invalid`, `vault-ca-without-tls`, `vault-namespace-differs`; warning `vault-plain-http`.
 */
export function resolveVaultSettings(
  name: CloudEnvironment,
  settings: VaultSettings,
  { root, offline, vaultAddress, vaultCaFile, vaultNamespace }: LoadContext,
): { readonly vault: EnvironmentStack["vault"]; readonly findings: readonly Finding[] } {
  const { namespace, mount, authMount, caFile, caFrom, githubLogin } = settings;
  const address = vaultAddressOf(name, settings);
  const operatorAddress = settings.operatorAddress ?? vaultAddress ?? defaultOperatorAddress(name, address);
  const { kubernetesNamespace = namespaceOf(name), statefulSet = vaultServerName(name) } = settings;
  const { serviceAccount = statefulSet } = settings;
  const findings: Finding[] = [];
  const report = (code: string, subject: string, problem: string, fix: string, severity: Severity = "error"): void => {
    findings.push({ ...errorFinding(code, "vault", subject, problem, fix, stackFileName(name)), severity });
  };
  const readCa = (subject: string, file: string | undefined): string | undefined => {
    if (file === undefined) return undefined;
    const { pem, problem } = readCertificates(resolve(root, file));
    const fix = "give the path of a PEM file with the certificate of the CA";
    if (problem !== undefined) report("vault-ca-invalid", subject, `${subject} ${file} ${problem}`, fix);
    return pem;
  };
  const ownPem = readCa("vault.caFile", caFile);
  // the provider reads VAULT_CACERT without help; the command line must trust the same
  const pem = ownPem ?? readCa("VAULT_CACERT", caFile === undefined && !offline ? vaultCaFile : undefined);
  if (address.startsWith("http:") && hasOwnCa(settings)) {
    const setting = caFile === undefined ? "caFrom" : "caFile";
    const problem = `vault.address is ${address}, so the CA of vault.${setting} is never used`;
    report("vault-ca-without-tls", "vault.address", problem, "use an https address, or remove the CA");
  } else if (address.startsWith("http:")) {
    const problem = `vault.address is ${address}, so ServiceAccount tokens and every secret cross the cluster's network in clear text`;
    const fix = "serve Vault over TLS, then set vault.address to its https address, and vault.caFile for a private CA";
    report("vault-plain-http", "vault.address", problem, fix, "warning");
  }
  // the provider would use the variable where the settings say nothing, and the command line would not
  if (vaultNamespace !== undefined && vaultNamespace.replace(/^\/|\/$/g, "") !== (namespace ?? "")) {
    const problem = `VAULT_NAMESPACE is ${vaultNamespace}, and vault.namespace is ${namespace ?? "not set"}`;
    const fix = "unset VAULT_NAMESPACE, or set vault.namespace to the same";
    report("vault-namespace-differs", "vault.namespace", problem, fix);
  }
  const podCa = caFrom ?? (ownPem === undefined ? undefined : { pem: ownPem });
  const vault = {
    address,
    operatorAddress,
    ...(namespace !== undefined && { namespace }),
    ...(podCa !== undefined && { podCa }),
    ...(pem !== undefined && { operatorCa: { ...(caFile !== undefined && { file: caFile }), pem } }),
    mount,
    authMount,
    ...(githubLogin !== undefined && { githubLogin }),
    statefulSet: { namespace: kubernetesNamespace, name: statefulSet },
    serviceAccount: { namespace: kubernetesNamespace, name: serviceAccount },
    kubernetesHost: "https://kubernetes.default.svc",
  };
  return { vault, findings };
}

/** The certificates of a PEM file and nothing else of it: the text goes into a ConfigMap and into every store. */
function readCertificates(path: string): { readonly pem?: string; readonly problem?: string } {
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
