import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { textAt, type Json, type JsonObject } from "../../../stand-ins/providers/property-value.ts";
import { snakeCase } from "../../../stand-ins/providers/vault/vault-type.ts";
import type { Exchange } from "../../support/recordings.ts";

/** Vault as it was when a request was recorded: what the real provider answered last is what it contains. */
export class RecordedServer {
  readonly url: string;
  readonly #server: Server;
  #answer: (method: string, path: string) => Json | undefined = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<RecordedServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const recorded = new RecordedServer(server);
    server.on("request", (request, response) => {
      const body = recorded.#answer(request.method ?? "", new URL(request.url ?? "", recorded.url).pathname);
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(body ?? { reason: "NotFound", message: "not found", errors: [] }));
    });
    return recorded;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** From now on Vault is that of this request. */
  holds(exchange: Exchange): void {
    this.#answer = vault(exchange);
  }
}

function vault({ type, response }: Exchange): (method: string, path: string) => Json | undefined {
  const outputs = (response["properties"] ?? {}) as JsonObject;
  const held = asAnswered(outputs);
  return (verb, path) => {
    if (verb !== "GET" || path.endsWith("/lookup-self")) return { data: {} };
    if (response["properties"] === undefined)
      return path.startsWith("/v1/sys/") && !path.includes("policies") ? { data: {} } : undefined;
    if (type.endsWith(":Mount") || type.endsWith(":AuthBackend")) {
      const config = asAnswered((outputs["tune"] ?? outputs) as JsonObject);
      const leases = {
        default_lease_ttl: inSeconds(config["default_lease_ttl"] ?? config["default_lease_ttl_seconds"]),
        max_lease_ttl: inSeconds(config["max_lease_ttl"] ?? config["max_lease_ttl_seconds"]),
      };
      return { data: { [`${textAt(outputs, "path")}/`]: { ...held, config: { ...config, ...leases } } } };
    }
    return type.endsWith(":Policy") && outputs["policy"] === "" ? undefined : { data: held };
  };
}

/** Outputs of the provider back to Vault's own spelling. */
function asAnswered(outputs: JsonObject): JsonObject {
  const reported = Object.entries(outputs).filter(([name]) => !name.startsWith("tokenReviewerJwt")); // Vault never answers it
  return Object.fromEntries(reported.map(([name, value]) => [snakeCase(name), value]));
}

function inSeconds(value: Json | undefined): number {
  return typeof value === "string" ? Number(value.replace("h", "")) * 3600 : Number(value ?? 0);
}
