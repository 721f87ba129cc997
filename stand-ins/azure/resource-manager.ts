import type { TokenAuthority } from "./access-token.ts";
import { AzureError, bearerToken, type AzureAnswer, type AzureRequest } from "./answer.ts";
import { federatedCredentials, identities } from "./arm-identities.ts";
import { resourceGroups } from "./arm-resource-groups.ts";
import { roleAssignments } from "./arm-role-assignments.ts";
import { vaults, vaultSecrets } from "./arm-vaults.ts";
import type { ArmType } from "./arm.ts";
import type { AzureContext } from "./context.ts";

/** In this order, since a path of a role assignment begins with that of another resource. */
const types: readonly ArmType[] = [
  roleAssignments,
  resourceGroups,
  vaults,
  vaultSecrets,
  identities,
  federatedCredentials,
];

/** What the counters call a request, such as `arm-read vaults`. */
export function armKind({ method, path }: AzureRequest): string {
  const type = types.find((one) => one.path.test(path));
  return `arm-${method === "GET" ? "read" : "write"} ${type?.kind ?? "unknown"}`;
}

/** Azure Resource Manager for the types of the pipeline, open to the subscription's owner. */
export class ResourceManager {
  readonly #context: AzureContext;
  readonly #authority: TokenAuthority;

  constructor(context: AzureContext, authority: TokenAuthority) {
    this.#context = context;
    this.#authority = authority;
  }

  /**
   * Answers once the change is on disk: what Pulumi has in its state must not be lost by a crash. Changes that come
   * together are written together.
   *
   * @throws AzureError in Resource Manager's shape.
   */
  async answer(request: AzureRequest): Promise<AzureAnswer> {
    const { method, path: id, query } = request;
    const { writer, subscriptionId } = this.#context;
    await this.#authorise(request);
    if (!query.has("api-version")) {
      const message = "The api-version query parameter (?api-version=) is required for all requests.";
      throw AzureError.arm(400, "MissingApiVersionParameter", message);
    }
    const [, , subscription = "", ...parts] = id.split("/");
    const type = types.find((one) => one.path.test(id));
    if (type !== undefined && subscriptionId !== undefined) {
      if (subscription.toLowerCase() !== subscriptionId.toLowerCase())
        throw AzureError.arm(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
    }
    const call = { context: this.#context, id, name: parts.at(-1) ?? "", query, body: jsonBody(request) };
    const answer = await type?.answer(method, call);
    if (answer === undefined) {
      const message = `No route responded to '${method} ${id}'; the local Azure stand-in knows the types of this program only.`;
      throw AzureError.arm(404, "InvalidResourceType", message);
    }
    if (method === "GET") return answer;
    writer.changed();
    await writer.flush();
    return answer;
  }

  async #authorise(request: AzureRequest): Promise<void> {
    const token = bearerToken(request);
    if (token === undefined) {
      const message = "Authentication failed. The 'Authorization' header is missing.";
      throw AzureError.arm(401, "AuthenticationFailed", message);
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
}

function jsonBody({ body }: AzureRequest): unknown {
  if (body === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    const message = "The request content was invalid and could not be deserialized.";
    throw AzureError.arm(400, "InvalidRequestContent", message);
  }
}
