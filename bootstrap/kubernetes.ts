import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NetworkError } from "../clients/http.ts";
import { KubernetesError } from "../clients/kubernetes.ts";
import { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure, messageOf } from "./failure.ts";

/** The pod's own account, as the kubelet mounts it. */
export interface ServiceAccount {
  /** PEM of the CA of the API server. */
  readonly ca: string;
  /** Read again each time: the kubelet replaces it. */
  readonly token: () => Promise<Redacted>;
}

/** Reads `token` and `ca.crt`. @throws BootstrapFailure `bad-configuration` if the ServiceAccount is not mounted */
export async function mountedServiceAccount(folder: string): Promise<ServiceAccount> {
  return {
    ca: await readMounted(folder, "ca.crt"),
    token: async () => new Redacted((await readMounted(folder, "token")).trim()),
  };
}

async function readMounted(folder: string, file: string): Promise<string> {
  try {
    return await readFile(join(folder, file), "utf8");
  } catch (error) {
    throw new BootstrapFailure(
      "bad-configuration",
      `the ServiceAccount's ${file} is not readable at ${join(folder, file)}: ${(error as NodeJS.ErrnoException).code}`,
      "leave automountServiceAccountToken on in the pod, and set SERVICE_ACCOUNT_DIR only outside a cluster",
      { cause: error },
    );
  }
}

type Failure = Pick<BootstrapFailure, "code" | "fix">;

const unreachable: Failure = {
  code: "kubernetes-unreachable",
  fix: "check whether a NetworkPolicy blocks the pod from the API server",
};
const failing: Failure = {
  code: "kubernetes-failing",
  fix: "check the API server's log; the next run continues from here",
};
const refused: Failure = {
  code: "kubernetes-refused",
  fix: "the Role of the bootstrap's ServiceAccount grants this; ameide-secrets up --stack <stack> creates it",
};
const byStatus: Readonly<Record<number, Failure>> = {
  401: {
    code: "kubernetes-login-refused",
    fix: "the ServiceAccount's token has expired or belongs to another cluster: the pod of the next run gets a new one, if the ServiceAccount exists",
  },
  429: {
    code: "kubernetes-throttled",
    fix: "find what sends the API server so many requests; the next run continues from here",
  },
};

export function kubernetesFailure(error: unknown, what: string): unknown {
  const isSilent = error instanceof NetworkError;
  if (!isSilent && !(error instanceof KubernetesError)) return error;
  const { code, fix } = isSilent ? unreachable : (byStatus[error.status] ?? (error.status >= 500 ? failing : refused));
  return new BootstrapFailure(code, `cannot ${what}: ${messageOf(error)}`, fix, { cause: error });
}
