import type { FederatedSubject } from "./environment.ts";
import type { EnvironmentName } from "../stage.ts";
import { namespaceOf } from "../names.ts";

/** ServiceAccount, CronJob and pod identity of vault-bootstrap; the seed's name. */
export const bootstrapName = "foundation-vault-bootstrap-vault-bootstrap";

/** Audience that Entra asks of every token of a workload. */
export const federationAudience = "api://AzureADTokenExchange";

/**
 * The federated credential of one environment's bootstrap.
 *
 * @param issuer - the cluster's OIDC issuer, to the letter: Entra compares issuer and subject as texts.
 */
export function federatedSubject(environment: EnvironmentName, issuer: string): FederatedSubject {
  return {
    environment,
    name: `vault-bootstrap-${environment}`,
    issuer,
    subject: `system:serviceaccount:${namespaceOf(environment)}:${bootstrapName}`,
    audience: federationAudience,
  };
}
