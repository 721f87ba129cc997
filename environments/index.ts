import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StackPlan, EnvironmentStack } from "../domain/plan/environment.ts";
import { errorFinding, errorsOf, type Finding } from "../domain/finding.ts";
import { nearest } from "../domain/nearest.ts";
import { environmentNames } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { readCatalogueFile } from "./catalogue.ts";
import { adopting, loadEnvironment, loadShared, environmentStack, sharedPart } from "./load-parts.ts";
import { readClaims, readShared, type StackName } from "./stack-settings.ts";
import { repositoryRoot, stackFileName } from "./repository.ts";
import type { LoadContext, LoadInput } from "./load-input.ts";
import { environmentSettings, localSettings, type LocalSettings, sharedSettings } from "../domain/plan/settings.ts";
import { formatPath, type KeyPath } from "../domain/schema-findings.ts";
import { parseSettings, settingSources } from "./stack-file.ts";
import { checkStacks, federatedSubject } from "../domain/plan/stack-check.ts";
import { localPort } from "../domain/local-ports.ts";
import { local } from "./local.ts";
import { namespaceOf, vaultServerName } from "../domain/names.ts";

const stackNames = ["shared", ...environmentNames] as const;

/**
 * Everything that one stack needs, checked as far as it can be without calling anyone. After this nothing reads stack
 * configuration, the process environment or a file.
 * @throws UserError with every mistake of settings and catalogue; if there is none, every one of `.env` or the plan.
 */
export async function load(input: LoadInput): Promise<StackPlan> {
  const { root = repositoryRoot, offline = false } = input;
  const stack = stackName(input.stack);
  const { catalogue, findings } = readCatalogueFile(input.catalogue);
  const errors = [...errorsOf(findings)];
  const plan = planOf(stack, input.settings, root, errors);
  if (catalogue === undefined || plan === undefined || errors.length > 0) throw UserError.from(errors);
  const loaded = await plan({ ...input, root, offline, catalogue });
  if (offline || stack === "local") return loaded;
  return { ...loaded, findings: [...exampleFindings(stack, input.settings), ...loaded.findings] };
}

/**
 * Checks the settings of a stack, and of the stacks that it shares something with; adds mistakes to `errors`.
 * @returns what plans the stack from its settings; `undefined` if they have a mistake.
 */
function planOf(
  stack: StackName,
  raw: unknown,
  root: string,
  errors: Finding[],
): ((context: LoadContext) => StackPlan | Promise<StackPlan>) | undefined {
  if (stack === "local") {
    const own = parseSettings(localSettings, raw, stack, root, errors);
    return own && ((context) => loadLocal(own, context));
  }
  if (stack === "shared") {
    const own = parseSettings(sharedSettings, raw, stack, root, errors);
    const claims = readClaims(root);
    errors.push(...checkStacks(claims));
    return own && ((context) => loadShared(own, claims, context));
  }
  const own = parseSettings(environmentSettings, raw, stack, root, errors);
  const shared = readShared(stack, root, errors);
  errors.push(...checkStacks(readClaims(root, { name: stack, settings: raw })));
  return own && shared && ((context) => loadEnvironment(stack, own, shared, context));
}

function stackName(stack: string): StackName {
  const found = stackNames.find((name) => name === stack);
  if (found !== undefined) return found;
  const close = nearest(stack, stackNames);
  throw UserError.of(
    "stack-unknown",
    `stack ${JSON.stringify(stack)} does not exist`,
    `${close === undefined ? "" : `did you mean ${close}? `}use one of ${stackNames.join(", ")}`,
  );
}

/** One digit throughout, as in the stack files of this repository. */
const exampleGuid = /\b([1-9])\1{7}-\1{4}-4\1{3}-8\1{3}-\1{12}\b/;

/** Settings that still hold this repository's example ids: Azure's message would be about something else. */
function exampleFindings(stack: string, settings: unknown, path: KeyPath = []): readonly Finding[] {
  if (typeof settings === "object" && settings !== null) {
    return Object.entries(settings).flatMap(([key, value]) => exampleFindings(stack, value, [...path, key]));
  }
  if (typeof settings !== "string" || !exampleGuid.test(settings)) return [];
  const subject = formatPath(path);
  const stage = path[0] === "cluster" ? "identity" : "key-vault";
  const problem = `${subject} of ${stack} is still the example value of this repository`;
  const fix = settingSources[subject] ?? "set your own";
  const finding = errorFinding("settings-example", stage, subject, problem, fix, stackFileName(stack));
  return [{ ...finding, severity: "warning" }];
}

async function loadLocal(settings: LocalSettings, context: LoadContext): Promise<EnvironmentStack> {
  const { portBase, secretPrefix, adopt } = settings;
  const kubernetesUrl = `https://127.0.0.1:${localPort(portBase, "kubernetes")}`;
  const azureUrl = `https://127.0.0.1:${localPort(portBase, "azure")}/`;
  const vaultUrl = `http://127.0.0.1:${localPort(portBase, "vault")}`;
  const azureCa = readPem(context, "azure", "ca.crt");
  const kubernetesCa = readPem(context, "kubernetes", "ca.crt");
  const azure = {
    ...settings.azure,
    keyVaultUri: azureUrl,
    authorityHost: azureUrl,
    ...(azureCa !== undefined && { extraCaPem: azureCa }),
  };
  const kubeconfig = context.localHome !== undefined && { kubeconfig: join(context.localHome, "kubeconfig") };
  const shared = sharedPart("local", context, secretPrefix, {
    azure,
    values: local.values,
    protect: local.protect,
    federatedSubjects: [federatedSubject("local", kubernetesUrl)],
  });
  const server = { namespace: namespaceOf("local"), name: vaultServerName("local") };
  const stack = await environmentStack("local", context, settings, {
    strictness: local,
    azure,
    ...(secretPrefix !== undefined && { secretPrefix }),
    cluster: { context: "ameide-local", oidcIssuer: kubernetesUrl, ...kubeconfig },
    vault: {
      address: vaultUrl,
      operatorAddress: vaultUrl,
      mount: "secret",
      authMount: "kubernetes",
      statefulSet: server,
      serviceAccount: server,
      kubernetesHost: kubernetesUrl,
      ...(kubernetesCa !== undefined && { kubernetesCaPem: kubernetesCa }),
    },
  });
  const findings = [...shared.findings, ...stack.findings];
  return adopting({ ...stack, shared: { ...shared, adopt }, findings }, adopt, "local");
}

/** A certificate of the local environment; offline plans do without where it was never started. */
function readPem({ localHome, offline }: LoadContext, ...path: readonly string[]): string | undefined {
  const file = localHome === undefined ? undefined : join(localHome, ...path);
  try {
    if (file !== undefined) return readFileSync(file, "utf8");
  } catch {
    // reported below, with the command that creates it
  }
  if (offline) return undefined;
  throw UserError.of(
    "local-not-made",
    `the local environment has no certificate ${file ?? path.join("/")}`,
    "start it first: ameide-secrets local up",
  );
}

export { repositoryRoot } from "./repository.ts";
export { readStackSettings } from "./stack-file.ts";
