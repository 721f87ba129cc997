import { changed, type Example, type Sample } from "./example.ts";
import { credential, roleAssignment, serviceAccount } from "./samples.ts";

const other = changed(credential, [["federatedIdentityCredentialResourceName"], "vault-bootstrap-prod-2"]);
const second = changed(credential, [["subject"], "system:serviceaccount:ameide-prod:postgres-ameide"]);
const clientId = ["metadata", "annotations", "azure.workload.identity/client-id"] as const;

const values: Sample = { values: { azure: { workloadIdentity: { enabled: true } } } };

export const identityExamples: readonly Example[] = [
  {
    rule: "identity-subject",
    allowed: credential,
    refused: changed(credential, [
      ["subject"],
      "system:serviceaccount:ameide-production:foundation-vault-bootstrap-vault-bootstrap",
    ]),
    says: 'subject "system:serviceaccount:ameide-production:foundation-vault-bootstrap-vault-bootstrap" belongs to another environment; set "system:serviceaccount:ameide-prod:foundation-vault-bootstrap-vault-bootstrap"',
    absent: changed(credential, [["subject"], undefined]),
    absentSays: "has no subject; name the ServiceAccount",
    unknown: ["subject"],
  },
  {
    rule: "identity-issuer",
    allowed: credential,
    refused: changed(credential, [["issuer"], "https://westeurope.oic.prod-aks.azure.com/11111111/22222222"]),
    says: 'issuer "https://westeurope.oic.prod-aks.azure.com/11111111/22222222" of AKS must end with a slash; add it',
    absent: changed(credential, [["issuer"], undefined]),
    absentSays: "has no issuer; set the cluster's",
    unknown: ["issuer"],
  },
  {
    rule: "identity-audience",
    allowed: credential,
    refused: changed(credential, [["audiences"], ["https://kubernetes.default.svc"]]),
    says: 'has "https://kubernetes.default.svc"; set exactly "api://AzureADTokenExchange"',
    absent: changed(credential, [["audiences"], undefined]),
    absentSays: 'has no audience; set exactly "api://AzureADTokenExchange"',
    unknown: ["audiences"],
  },
  {
    rule: "identity-role",
    allowed: roleAssignment,
    refused: changed(roleAssignment, [
      ["roleDefinitionId"],
      "/subscriptions/22222222-2222-4222-8222-222222222222/providers/Microsoft.Authorization/roleDefinitions/b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    ]),
    says: "assigns Key Vault Secrets Officer; set Key Vault Secrets User",
    absent: changed(roleAssignment, [["roleDefinitionId"], undefined]),
    absentSays: "names no role; set Key Vault Secrets User",
    unknown: ["roleDefinitionId"],
  },
  {
    rule: "identity-scope",
    allowed: roleAssignment,
    refused: changed(roleAssignment, [
      ["scope"],
      "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Ameide",
    ]),
    says: 'has the scope "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Ameide"; set the id of one Key Vault',
    absent: changed(roleAssignment, [["scope"], undefined]),
    absentSays: "has no scope; set the id of one Key Vault",
    unknown: ["scope"],
  },
  {
    rule: "identity-credential-cap",
    beside: [{ ...second, dependsOn: [] }],
    allowed: { ...credential, dependsOn: ["beside-0"] },
    refused: { ...second, dependsOn: ["beside-0"] },
    says: "has the same issuer and subject as FederatedCredential vault-bootstrap-prod",
    absent: { ...changed(credential, [["subject"], undefined]), dependsOn: ["beside-0"] },
    absentIsFine: "a credential without a subject is refused by identity-subject",
    unknown: ["subject"],
  },
  {
    rule: "identity-credentials-in-series",
    beside: [{ ...second, dependsOn: [] }],
    allowed: { ...other, dependsOn: ["beside-0"] },
    refused: { ...other, dependsOn: [] },
    says: "is created at the same time as FederatedCredential vault-bootstrap-prod; let one depend on the other",
    absent: { ...changed(credential, [["resourceName"], "another-identity"]), dependsOn: [] },
    absentIsFine: "credentials of two identities may be made side by side",
    unknown: ["resourceName"],
  },
  {
    rule: "identity-client-id-in-values",
    allowed: values,
    refused: changed(values, [["azure", "workloadIdentity", "clientId"], "44444444-4444-4444-8444-444444444444"]),
    says: "contains the client id of a workload identity",
    absent: changed(values, [["azure"], undefined]),
    absentIsFine: "without a workload identity there is no client id",
    unknown: undefined,
  },
  {
    rule: "identity-client-id-literal",
    allowed: serviceAccount,
    refused: { ...serviceAccount, computed: [] },
    says: "its client id is a literal; pass the identity's output",
    absent: { ...changed(serviceAccount, [clientId, undefined]), computed: [] },
    absentIsFine: "an account without a client id is no identity of Azure",
    // an id that is not known yet is an output: just what the rule asks for
    unknown: undefined,
  },
];
