import type { z } from "zod";
import { keyVaultResource, type Caller, type TokenAuthority } from "./access-token.ts";
import { AzureError } from "./azure-error.ts";
import { nowInSeconds, type AzureContext } from "./context.ts";
import { bearerToken, type AzureAnswer, type AzureRequest } from "./http.ts";
import { Paging } from "./paging.ts";
import { checkRole } from "./role-check.ts";
import { SecretDocuments, isSecretName, secretBody, secretProperties } from "./secret-documents.ts";
import { secretOperation, type SecretOperation } from "./secret-operation.ts";
import type { Vault } from "./state.ts";
import { Throttle } from "./throttle.ts";

/** Key Vault's data plane for secrets, of the one vault that is alive. */
export class KeyVault {
  readonly #context: AzureContext;
  readonly #authority: TokenAuthority;
  readonly #documents: SecretDocuments;
  readonly #throttle: Throttle;

  constructor(context: AzureContext, authority: TokenAuthority) {
    this.#context = context;
    this.#authority = authority;
    this.#documents = new SecretDocuments(context);
    this.#throttle = new Throttle(context.settings);
  }

  /**
   * @returns `undefined` where no vault is alive: Azure then has no such host, so there is nobody to answer.
   * @throws AzureError in Key Vault's shape.
   */
  async answer(request: AzureRequest): Promise<AzureAnswer | undefined> {
    const [vault] = this.#context.state.vaults.values();
    if (vault === undefined) return undefined;
    const caller = await this.#authenticate(request);
    if (!request.query.has("api-version"))
      throw badParameter("The request is missing the query parameter api-version.");
    const operation = secretOperation(request);
    if (operation === undefined)
      throw AzureError.keyVault(404, "NotFound", `No operation answers ${request.method} ${request.path}.`);
    if ("name" in operation && !isSecretName(operation.name)) {
      throw badParameter(`The request URI contains an invalid name: ${operation.name}`);
    }
    this.#throttle.take(operation.kind, this.#context.now());
    checkRole(this.#context, caller, operation.action, vault, "name" in operation ? operation.name : undefined);
    return this.#perform(operation, vault, request);
  }

  #perform(operation: SecretOperation, vault: Vault, request: AzureRequest): AzureAnswer {
    const { secrets } = vault;
    const documents = this.#documents;
    const now = nowInSeconds(this.#context);
    const ok = (body: unknown): AzureAnswer => ({ status: 200, body });
    const changed = (body: unknown): AzureAnswer => {
      this.#context.writer.changed();
      return ok(body);
    };
    switch (operation.kind) {
      case "secret-list": {
        const paging = new Paging(this.#context.origin, request);
        return ok(paging.answer(secrets.page(paging.after, paging.size), (item) => documents.item(item, vault)));
      }
      case "secret-list-versions": {
        const paging = new Paging(this.#context.origin, request);
        const secret = secrets.get(operation.name);
        const page = paging.of(secret.versions, ({ version }) => version);
        return ok(paging.answer(page, (version) => documents.properties(secret, version, vault)));
      }
      case "secret-get": {
        const version = secrets.version(operation.name, operation.version);
        if (!version.enabled) throw disabled();
        return ok(documents.bundle(secrets.get(operation.name), version, vault));
      }
      case "secret-set": {
        const { attributes, ...input } = parse(secretBody, request);
        const { secret, version } = secrets.set(operation.name, { ...input, ...attributes }, now);
        return changed(documents.bundle(secret, version, vault));
      }
      case "secret-update": {
        const { attributes, ...input } = parse(secretProperties, request);
        const version = secrets.update(operation.name, operation.version, { ...input, ...attributes }, now);
        return changed(documents.properties(secrets.get(operation.name), version, vault));
      }
      case "secret-delete":
        return changed(documents.deleted(secrets.delete(operation.name, now, vault), vault));
      case "deleted-secret-list": {
        const paging = new Paging(this.#context.origin, request);
        const page = secrets.pageOfDeleted(paging.after, paging.size, now);
        return ok(paging.answer(page, (item) => documents.deletedItem(item, vault)));
      }
      case "deleted-secret-get":
        return ok(documents.deleted(secrets.getDeleted(operation.name, now), vault));
      case "deleted-secret-recover": {
        const secret = secrets.recover(operation.name, now);
        return changed(documents.properties(secret, secrets.version(operation.name, ""), vault));
      }
      case "deleted-secret-purge":
        secrets.purge(operation.name, now, vault);
        this.#context.writer.changed();
        return { status: 204 };
    }
  }

  /** @throws AzureError 401 with the challenge that says where to get a token and for what. */
  async #authenticate(request: AzureRequest): Promise<Caller> {
    const token = bearerToken(request);
    if (token === undefined) throw this.#challenge("AKV10000: Request is missing a Bearer or PoP token.");
    const caller = await this.#authority.recognise(token, this.#context.now());
    if (caller === undefined)
      throw this.#challenge("AKV10001: Error validating token: it is not one of this tenant, or has expired.");
    if (caller.kind === "operator" || caller.audience === keyVaultResource) return caller;
    throw this.#challenge(`AKV10022: Invalid audience. Expected ${keyVaultResource}, found: ${caller.audience}.`);
  }

  #challenge(message: string): AzureError {
    const authorization = `${this.#context.origin}/${this.#context.state.tenantId}`;
    const headers = { "WWW-Authenticate": `Bearer authorization="${authorization}", resource="${keyVaultResource}"` };
    return AzureError.keyVault(401, "Unauthorized", message, { headers });
  }
}

function parse<T>(schema: z.ZodType<T>, { body }: AzureRequest): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw badParameter("The request body is not valid JSON.");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(
    ({ path, message }) => `Property ${path.map(String).join(".")} has invalid value: ${message}`,
  );
  throw badParameter(issues.join("; "));
}

function badParameter(message: string): AzureError {
  return AzureError.keyVault(400, "BadParameter", message);
}

function disabled(): AzureError {
  const message = "Operation get is not allowed on a disabled secret.";
  return AzureError.keyVault(403, "Forbidden", message, { inner: "SecretDisabled" });
}
