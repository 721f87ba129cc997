import type { Authority, Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { ChainPlan, PlannedDelivery, PlannedSecret } from "../../domain/plan/environment.ts";
import type { Severity } from "../../domain/finding.ts";
import type { Stage } from "../../domain/stage.ts";
import type { Diagnosis, DiagnosedCause, Hop } from "../diagnosis.ts";

/** How a place is drawn: `planned` is offline, where nothing was looked at. */
export type GraphState = Hop["state"] | "planned";

/** One environment, as the page draws it: plain JSON, names and states, no value. */
export interface GraphModel {
  readonly environment: string;
  readonly namespace: string;
  /** Left out offline. */
  readonly takenAt?: string;
  readonly secrets: readonly GraphSecret[];
  readonly deliveries: readonly GraphDelivery[];
  /** Outside the pipeline: what others own and must never enter it. */
  readonly clusterManaged: readonly { readonly authority: Authority; readonly names: readonly string[] }[];
  readonly causes: readonly GraphCause[];
}

export interface GraphSecret {
  readonly name: string;
  readonly authority: "external" | "generated";
  readonly variable?: string;
  readonly keyVaultName?: string;
  readonly vaultPath: string;
  readonly required: boolean;
  readonly owner?: string;
  readonly see?: string;
  readonly states: Partial<Readonly<Record<Stage, GraphState>>>;
}

export interface GraphDelivery {
  readonly namespace: string;
  readonly externalSecret: string;
  readonly target: string;
  readonly type: PlannedDelivery["type"];
  readonly store: string;
  readonly keys: readonly { readonly secretKey: string; readonly secret: string }[];
  readonly state: GraphState;
  readonly storeState: GraphState;
}

export interface GraphCause {
  readonly code: string;
  readonly stage: Stage;
  readonly severity: Severity;
  readonly title: string;
  readonly cause: string;
  readonly fixes: readonly string[];
  /** Its heading in the runbook. */
  readonly page: string;
  readonly evidence: DiagnosedCause["evidence"];
  readonly secrets: readonly string[];
}

/** @param diagnosis - left out offline: the plan alone is drawn. */
export function graphModel(plan: ChainPlan, catalogue: Catalogue, diagnosis?: Diagnosis): GraphModel {
  const hops = new Map(diagnosis?.secrets.map(({ name, hops: of }) => [name, of]));
  const causes = diagnosis?.causes ?? [];
  return {
    environment: plan.environment,
    namespace: plan.namespace,
    ...(diagnosis === undefined ? {} : { takenAt: diagnosis.takenAt }),
    secrets: plan.secrets.map((secret) => graphSecret(secret, catalogue, hops.get(secret.name))),
    deliveries: plan.deliveries.map((delivery) => graphDelivery(delivery, diagnosis)),
    clusterManaged: clusterManaged(catalogue),
    causes: causes.map(({ code, stage, severity, title, cause, fixes, page, evidence, secrets }) => ({
      code,
      stage,
      severity,
      title,
      cause,
      fixes,
      page,
      evidence,
      secrets,
    })),
  };
}

function graphSecret(
  { name, authority, variable, keyVaultName, vaultPath, required }: PlannedSecret,
  { secrets }: Catalogue,
  hops: readonly Hop[] | undefined,
): GraphSecret {
  const { owner, see } = secrets[name] ?? {};
  return {
    name,
    authority,
    ...(variable === undefined ? {} : { variable }),
    ...(keyVaultName === undefined ? {} : { keyVaultName }),
    vaultPath,
    required,
    ...(owner === undefined ? {} : { owner }),
    ...(see === undefined ? {} : { see }),
    states: Object.fromEntries((hops ?? []).map(({ stage, state }) => [stage, state])),
  };
}

/** A delivery in one namespace may be broken while the same secret's in another is well: judged by its own evidence. */
function graphDelivery(delivery: PlannedDelivery, diagnosis: Diagnosis | undefined): GraphDelivery {
  const { namespace, name, target, type, storeName, keys } = delivery;
  const mine = new Set(keys.map(({ secret }) => secret));
  const hops = (diagnosis?.secrets ?? []).filter((one) => mine.has(one.name)).flatMap((one) => one.hops);
  const about = (stage: Stage, wheres: readonly string[]): GraphState => {
    if (diagnosis === undefined) return "planned";
    const here = diagnosis.causes.filter(({ evidence }) => evidence.some(({ where }) => wheres.includes(where)));
    if (here.some(({ severity }) => severity === "error")) return "broken";
    if (here.length > 0) return "warned";
    return hops.some((one) => one.stage === stage && one.state === "unknown") ? "unknown" : "ok";
  };
  return {
    namespace,
    externalSecret: name,
    target,
    type,
    store: storeName,
    keys: keys.map(({ secretKey, secret }) => ({ secretKey, secret })),
    state: about("external-secret", [`ExternalSecret ${namespace}/${name}`, `Secret ${namespace}/${target}`]),
    storeState: about("secret-store", [`SecretStore ${namespace}/${storeName}`]),
  };
}

function clusterManaged(catalogue: Catalogue): GraphModel["clusterManaged"] {
  const entries = [
    ...catalogue.clusterManaged.map(({ authority, name, pattern = "" }) => ({ authority, name: name ?? pattern })),
    ...catalogue.keycloakClients.map(({ vaultKey }) => ({ authority: "keycloak" as const, name: vaultKey })),
  ];
  return [...Map.groupBy(entries, ({ authority }) => authority)].map(([authority, found]) => ({
    authority,
    names: [...new Set(found.map(({ name }) => name))].toSorted((a, b) => a.localeCompare(b)),
  }));
}
