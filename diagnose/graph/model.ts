import type { Authority, Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { ChainPlan, PlannedDelivery, PlannedSecret } from "../../domain/plan/environment.ts";
import type { Stage } from "../../domain/stage.ts";
import type { DiagnosedCause, Diagnosis, Hop } from "../diagnosis.ts";

/** How a place is drawn: `planned` is offline, where nothing was read. */
export type GraphState = Hop["state"] | "planned";

/** One environment, as the page draws it: plain JSON, names and states, no value. */
export interface GraphModel {
  readonly environment: string;
  /** ISO 8601. @default - offline */
  readonly takenAt?: string;
  readonly secrets: readonly GraphSecret[];
  readonly deliveries: readonly GraphDelivery[];
  /** Outside the pipeline: what others own and must never enter it. */
  readonly clusterManaged: readonly { readonly authority: Authority; readonly names: readonly string[] }[];
  readonly causes: readonly DiagnosedCause[];
}

export interface GraphSecret extends Omit<PlannedSecret, "fixture"> {
  readonly owner?: string | undefined;
  readonly see?: string | undefined;
  readonly states: Partial<Readonly<Record<Stage, GraphState>>>;
}

export interface GraphDelivery extends PlannedDelivery {
  readonly state: GraphState;
  readonly storeState: GraphState;
}

/** @param diagnosis - left out offline: the plan alone is drawn. */
export function graphModel(plan: ChainPlan, catalogue: Catalogue, diagnosis?: Diagnosis): GraphModel {
  const hops = new Map(diagnosis?.secrets.map((secret) => [secret.name, secret.hops]));
  return {
    environment: plan.environment,
    ...(diagnosis && { takenAt: diagnosis.takenAt }),
    secrets: plan.secrets.map((planned) => {
      const { fixture: _, ...secret } = planned;
      const { owner, see } = catalogue.secrets[secret.name] ?? {};
      const states = Object.fromEntries((hops.get(secret.name) ?? []).map(({ stage, state }) => [stage, state]));
      return { ...secret, owner, see, states };
    }),
    deliveries: plan.deliveries.map((delivery) => graphDelivery(delivery, diagnosis)),
    clusterManaged: clusterManaged(catalogue),
    causes: diagnosis?.causes ?? [],
  };
}

/** A delivery in one namespace may be broken while the same secret's in another is well: judged by its own evidence. */
function graphDelivery(delivery: PlannedDelivery, diagnosis: Diagnosis | undefined): GraphDelivery {
  const { namespace, name, target, storeName, keys } = delivery;
  const hops = (diagnosis?.secrets ?? []).filter((one) => keys.some(({ secret }) => secret === one.name));
  const about = (stage: Stage, wheres: readonly string[]): GraphState => {
    if (diagnosis === undefined) return "planned";
    const here = diagnosis.causes.filter(({ evidence }) => evidence.some(({ where }) => wheres.includes(where)));
    if (here.some(({ severity }) => severity === "error")) return "broken";
    if (here.length > 0) return "warned";
    const isUnknown = (one: Hop): boolean => one.stage === stage && one.state === "unknown";
    return hops.some((one) => one.hops.some(isUnknown)) ? "unknown" : "ok";
  };
  return {
    ...delivery,
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
