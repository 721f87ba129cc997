import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkAdopted } from "../domain/resources/adoption.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { federatedSubject } from "../domain/plan/federation.ts";
import { localPort } from "../domain/local-ports.ts";
import { UserError } from "../domain/user-error.ts";
import type { LoadContext } from "./load-context.ts";
import { environmentStack } from "./load-environment.ts";
import { sharedPart } from "./load-shared.ts";
import { local } from "./local.ts";
import type { SettingsOf } from "./stack-settings.ts";
import { namespaceOf, vaultServerName } from "../domain/names.ts";

/** Everything in one stack, on one machine; its addresses follow from `portBase`. */
export async function loadLocal(
  { own: settings }: SettingsOf<"local">,
  context: LoadContext,
): Promise<EnvironmentStack> {
  const { portBase, secretPrefix } = settings;
  const kubernetesUrl = `https://127.0.0.1:${localPort(portBase, "kubernetes")}`;
  const azureUrl = `https://127.0.0.1:${localPort(portBase, "azure")}/`;
  const vaultUrl = `http://127.0.0.1:${localPort(portBase, "vault")}`;
  const azureCa = readPem(context, "azure", "ca.crt");
  const kubernetesCa = readPem(context, "kubernetes", "ca.crt");
  const azure = {
    ...settings.azure,
    keyVaultUri: azureUrl,
    authorityHost: azureUrl,
    ...(azureCa === undefined ? {} : { extraCaPem: azureCa }),
  };
  const kubeconfig = context.localHome === undefined ? {} : { kubeconfig: join(context.localHome, "kubeconfig") };
  const shared = sharedPart(context, {
    environment: "local",
    azure,
    strictness: { values: local.values, protect: local.protect },
    secretPrefix,
    federatedSubjects: [federatedSubject("local", kubernetesUrl)],
  });
  const stack = await environmentStack("local", context, {
    strictness: local,
    azure,
    secretPrefix,
    settings,
    cluster: { context: "ameide-local", oidcIssuer: kubernetesUrl, ...kubeconfig },
    vault: {
      address: vaultUrl,
      operatorAddress: vaultUrl,
      mount: "secret",
      authMount: "kubernetes",
      statefulSet: { namespace: namespaceOf("local"), name: vaultServerName("local") },
      serviceAccount: { namespace: namespaceOf("local"), name: vaultServerName("local") },
      kubernetesHost: kubernetesUrl,
      ...(kubernetesCa === undefined ? {} : { kubernetesCaPem: kubernetesCa }),
    },
  });
  const { adopt } = settings;
  const whole = { ...stack, adopt, shared: { ...shared, adopt }, findings: [...shared.findings, ...stack.findings] };
  const errors = checkAdopted(whole, "local");
  if (errors.length > 0) throw UserError.from(errors);
  return whole;
}

/** A certificate of the local environment; offline plans do without where it was never started. */
function readPem({ localHome, offline }: LoadContext, ...path: readonly string[]): string | undefined {
  const file = localHome === undefined ? undefined : join(localHome, ...path);
  try {
    if (file !== undefined) return readFileSync(file, "utf8");
  } catch {
    // told below, with the command that makes it
  }
  if (offline) return undefined;
  throw UserError.of(
    "local-not-made",
    `the local environment has no certificate ${file ?? path.join("/")}`,
    "start it first: ameide-secrets local up",
  );
}
