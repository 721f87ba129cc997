import type { TokenAuthority } from "./access-token.ts";
import { deletedVaultRoutes } from "./arm-deleted-vaults.ts";
import { federatedCredentialRoutes } from "./arm-federated-credentials.ts";
import { identityRoutes } from "./arm-identities.ts";
import type { ArmRoute } from "./arm-request.ts";
import { resourceGroupRoutes } from "./arm-resource-groups.ts";
import { roleAssignmentRoutes } from "./arm-role-assignments.ts";
import { vaultSecretRoutes } from "./arm-secrets.ts";
import { vaultRoutes } from "./arm-vaults.ts";
import { AzureError } from "./azure-error.ts";
import type { AzureContext } from "./context.ts";
import { bearerToken, type AzureAnswer, type AzureRequest } from "./http.ts";

const routes: readonly ArmRoute[] = [
  ...roleAssignmentRoutes,
  ...resourceGroupRoutes,
  ...vaultRoutes,
  ...deletedVaultRoutes,
  ...vaultSecretRoutes,
  ...identityRoutes,
  ...federatedCredentialRoutes,
];

/** Azure Resource Manager for the types that the chain uses, open to the subscription's owner. */
export class ResourceManager {
  readonly #context: AzureContext;
  readonly #authority: TokenAuthority;

  constructor(context: AzureContext, authority: TokenAuthority) {
    this.#context = context;
    this.#authority = authority;
  }

  /** What the counters call the request, such as `arm-read vaults`. */
  static kindOf({ method, path }: AzureRequest): string {
    const route = routes.find((one) => one.path.test(path));
    return `arm-${method === "GET" ? "read" : "write"} ${route?.kind ?? "unknown"}`;
  }

  /**
   * Answers once the change is on disk: what Pulumi has in its state must not be lost by a crash. Changes that come
   * together are written together.
   *
   * @throws AzureError in Resource Manager's shape.
   */
  async answer(request: AzureRequest): Promise<AzureAnswer> {
    const { method, path, query } = request;
    await this.#authorise(request);
    if (!query.has("api-version")) {
      const message = "The api-version query parameter (?api-version=) is required for all requests.";
      throw AzureError.arm(400, "MissingApiVersionParameter", message);
    }
    for (const route of routes) {
      const handle = route.handlers[method];
      const names = route.path.exec(path)?.groups;
      if (names === undefined || handle === undefined) continue;
      this.#checkSubscription(path);
      const answer = await handle({ context: this.#context, id: path, names, query, body: jsonBody(request) });
      if (method !== "GET") await this.#persist();
      return answer;
    }
    const message = `No route responded to '${method} ${path}'; the local Azure stand-in knows the types of this program only.`;
    throw AzureError.arm(404, "InvalidResourceType", message);
  }

  async #persist(): Promise<void> {
    this.#context.writer.changed();
    await this.#context.writer.flush();
  }

  async #authorise(request: AzureRequest): Promise<void> {
    const token = bearerToken(request);
    if (token === undefined) {
      throw AzureError.arm(
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
      );
    }
    const caller = await this.#authority.recognise(token, this.#context.now());
    if (caller === undefined) throw AzureError.arm(401, "InvalidAuthenticationToken", "The access token is invalid.");
    if (caller.kind === "operator") return;
    const message =
      `The client '${caller.appId ?? ""}' with object id '${caller.objectId}' does not have authorization to perform ` +
      `action '${request.method}' over scope '${request.path}' or the scope is invalid. If access was recently granted, ` +
      "please refresh your credentials.";
    throw AzureError.arm(403, "AuthorizationFailed", message);
  }

  #checkSubscription(path: string): void {
    const subscription = path.split("/")[2] ?? "";
    const { subscriptionId } = this.#context;
    if (subscriptionId === undefined || subscription.toLowerCase() === subscriptionId.toLowerCase()) return;
    throw AzureError.arm(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
  }
}

function jsonBody({ body }: AzureRequest): unknown {
  if (body === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    throw AzureError.arm(
      400,
      "InvalidRequestContent",
      "The request content was invalid and could not be deserialized.",
    );
  }
}
