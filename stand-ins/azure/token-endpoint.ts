import { keyVaultResource } from "./access-token.ts";
import { AzureError, type AzureAnswer, type AzureRequest } from "./answer.ts";
import type { AzureContext } from "./context.ts";
import type { AzureState, Identity } from "./state.ts";

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const resources = new Set([keyVaultResource, "https://management.azure.com"]);

/** For workload identities only. @throws AzureError in Entra's shape, or Resource Manager's for an unknown path. */
export async function answerEntra(context: AzureContext, { method, path, body }: AzureRequest): Promise<AzureAnswer> {
  const [, tenant = "", rest = ""] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
  switch (`${method} ${rest}`) {
    case "POST oauth2/v2.0/token":
      checkTenant(context, tenant);
      return { status: 200, body: await tokenFor(context, new URLSearchParams(body)) };
    case "GET v2.0/.well-known/openid-configuration":
      checkTenant(context, tenant);
      return { status: 200, body: configurationOf(context) };
    default:
      throw AzureError.arm(404, "NotFound", `Nothing answers ${method} ${path}.`);
  }
}

async function tokenFor(context: AzureContext, form: URLSearchParams): Promise<unknown> {
  const { authority, now, settings, state, verifyAssertion } = context;
  const clientId = required(form, "client_id");
  const grant = required(form, "grant_type");
  if (grant !== "client_credentials") {
    const text = `The app requested an unsupported grant type '${grant}'.`;
    throw AzureError.entra(400, "unsupported_grant_type", 70003, text);
  }
  const resource = resourceOf(required(form, "scope"), state.tenantId);
  const identity = identityOf(state, clientId);
  const assertion = form.get("client_assertion");
  if (assertion === null || form.get("client_assertion_type") !== jwtBearer) {
    const text =
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
    throw AzureError.entra(401, "invalid_client", 7000216, text);
  }
  await verifyAssertion(assertion, identity.federatedCredentials, now());
  const lifetime = settings.accessTokenInSeconds;
  return {
    token_type: "Bearer",
    expires_in: lifetime,
    ext_expires_in: lifetime,
    access_token: await authority.issue(identity, resource, now(), lifetime),
  };
}

function identityOf({ identities, tenantId }: AzureState, clientId: string): Identity {
  const found = [...identities].find((identity) => identity.clientId === clientId.toLowerCase());
  if (found !== undefined) return found;
  const text =
    `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. This can happen if the ` +
    "application has not been installed by the administrator of the tenant or consented to by any user in the tenant. " +
    "You may have sent your authentication request to the wrong tenant.";
  throw AzureError.entra(400, "unauthorized_client", 700016, text);
}

function checkTenant({ state }: AzureContext, tenant: string): void {
  if (tenant.toLowerCase() === state.tenantId.toLowerCase()) return;
  const text =
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct ` +
    "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.";
  throw AzureError.entra(400, "invalid_tenant", 90002, text);
}

function configurationOf({ origin, state }: AzureContext): unknown {
  const base = `${origin}/${state.tenantId}`;
  return {
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    response_types_supported: ["code"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["ES256"],
    scopes_supported: ["openid"],
  };
}

function required(form: URLSearchParams, field: string): string {
  const value = form.get(field) ?? "";
  if (value !== "") return value;
  const text = `The request body must contain the following parameter: '${field}'.`;
  throw AzureError.entra(400, "invalid_request", 900144, text);
}

function resourceOf(scope: string, tenantId: string): string {
  const [, resource = ""] = /^(\S+?)\/+\.default$/.exec(scope) ?? [];
  if (resource === "") {
    const text =
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default ` +
      "suffixed to the resource identifier (application ID URI).";
    throw AzureError.entra(400, "invalid_scope", 1002012, text);
  }
  if (resources.has(resource)) return resource;
  const text = `The resource principal named ${resource} was not found in the tenant named ${tenantId}.`;
  throw AzureError.entra(400, "invalid_resource", 500011, text);
}
