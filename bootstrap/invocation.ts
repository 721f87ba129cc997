import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { bootstrapConfigShape, type BootstrapConfig } from "../domain/bootstrap-config.ts";
import type { AzureIdentity } from "./azure-errors.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";

export interface Invocation {
  readonly config: BootstrapConfig;
  readonly dryRun: boolean;
  readonly untilUnsealed: boolean;
  readonly waitForPropagation: boolean;
  readonly serviceAccountDir: string;
  /** Such as `https://10.0.0.1:443`. */
  readonly kubernetesAddress: string;
  readonly azure: AzureIdentity;
  /** PEM of the CA of Vault's certificate. @default - the public CAs */
  readonly vaultCa?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws BootstrapFailure `bad-configuration`, with every mistake at once. */
export async function readInvocation(argv: readonly string[], environment: Environment): Promise<Invocation> {
  const flags = parseFlags(argv);
  const config = await readConfig(environment["VAULT_BOOTSTRAP_CONFIG"] ?? "/opt/vault-bootstrap/config.json");
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "443";
  const problems = host === undefined ? ["KUBERNETES_SERVICE_HOST is not set"] : [];
  if (config.source.type === "azure-key-vault") {
    for (const name of ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"]) {
      if ((environment[name] ?? "") === "") problems.push(`${name} is not set`);
    }
  }
  if (problems.length > 0) throw badConfiguration(problems);
  const caFile = environment["VAULT_CACERT"] ?? "";
  const authorityHost = environment["AZURE_AUTHORITY_HOST"];
  return {
    config,
    ...flags,
    serviceAccountDir: environment["SERVICE_ACCOUNT_DIR"] ?? "/var/run/secrets/kubernetes.io/serviceaccount",
    kubernetesAddress: `https://${host?.includes(":") === true ? `[${host}]` : host}:${port}`,
    ...(caFile === "" ? {} : { vaultCa: await readCa(caFile) }),
    azure: {
      clientId: environment["AZURE_CLIENT_ID"] ?? "",
      tenantId: environment["AZURE_TENANT_ID"] ?? "",
      tokenFile: environment["AZURE_FEDERATED_TOKEN_FILE"] ?? "",
      ...(authorityHost === undefined || authorityHost === "" ? {} : { authorityHost }),
    },
  };
}

function parseFlags(argv: readonly string[]): Pick<Invocation, "dryRun" | "untilUnsealed" | "waitForPropagation"> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        "dry-run": { type: "boolean", default: false },
        until: { type: "string" },
        "wait-for-propagation": { type: "boolean", default: false },
      },
    });
    if (values.until !== undefined && values.until !== "unsealed")
      throw new Error(`--until must be unsealed, but is ${values.until}`);
    return {
      dryRun: values["dry-run"],
      untilUnsealed: values.until === "unsealed",
      waitForPropagation: values["wait-for-propagation"],
    };
  } catch (error) {
    throw new BootstrapFailure(
      "bad-configuration",
      messageOf(error),
      "use --dry-run, --until=unsealed, --wait-for-propagation or none of them",
      { cause: error },
    );
  }
}

async function readConfig(file: string): Promise<BootstrapConfig> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw badConfiguration([`${file}: ${messageOf(error)}`], { cause: error });
  }
  const problems = bootstrapConfigShape.problems(content);
  if (problems.length > 0) throw badConfiguration(problems);
  return content as BootstrapConfig;
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw badConfiguration([`VAULT_CACERT ${file}: ${messageOf(error)}`], { cause: error });
  }
}

function badConfiguration(problems: readonly string[], options?: ErrorOptions): BootstrapFailure {
  return new BootstrapFailure(
    "bad-configuration",
    problems.join("; "),
    "ameide-secrets up --stack <stack> writes config.json and the pod's environment; find out what else changes them",
    options,
  );
}
