import { HttpClient } from "../../clients/http.ts";
import { startAzure, type AzureOptions, type AzureStandIn } from "../../stand-ins/azure/stand-in.ts";
import { arm, federate, giveRole, makeAzure, roleAssignment } from "./azure-setup.ts";

/** The Key Vault that values come from, and who may read it; asked as the subscription's owner. */
export class TestSource {
  readonly azure: AzureStandIn;
  /** Of the identity that vault-bootstrap has. */
  readonly clientId: string;
  readonly #issuer: string;
  readonly #clock: { lagInMs: number };
  readonly #http: HttpClient;
  #settledLagInMs = 3_600_000;

  private constructor(azure: AzureStandIn, clientId: string, issuer: string, clock: { lagInMs: number }) {
    this.azure = azure;
    this.clientId = clientId;
    this.#issuer = issuer;
    this.#clock = clock;
    this.#http = new HttpClient(azure.origin, { ca: azure.caPem, connections: 16 });
  }

  static async start(options: Pick<AzureOptions, "dir" | "clusterIssuer" | "clusterJwks">): Promise<TestSource> {
    const clock = { lagInMs: 0 };
    const azure = await startAzure({ port: 0, now: () => Date.now() - clock.lagInMs, ...options });
    const clientId = await makeAzure(azure, options.clusterIssuer);
    return new TestSource(azure, clientId, options.clusterIssuer, clock);
  }

  /** Sets values as if it had been done a while ago. */
  async setSecrets(values: Readonly<Record<string, string>>, { settled = true } = {}): Promise<void> {
    // each time a little later than the time before: two values must not carry one second
    this.#settledLagInMs = Math.max(3_000, this.#settledLagInMs - 1_500);
    this.#clock.lagInMs = settled ? this.#settledLagInMs : 0;
    try {
      await Promise.all(Object.entries(values).map(([name, value]) => this.call("PUT", name, { value })));
    } finally {
      this.#clock.lagInMs = 0;
    }
  }

  /** One call of the data plane. */
  async call(method: string, name: string, body?: object): Promise<void> {
    const answer = await this.#http.request(method, `/secrets/${name}?api-version=7.6`, {
      headers: { authorization: `Bearer ${this.azure.operatorToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${name}: ${answer.status} ${answer.body}`);
  }

  /** @param changes - of the federated credential, such as another subject. */
  async federate(changes: object = {}): Promise<void> {
    await federate(this.azure, this.#issuer, changes);
  }

  /** Sets Azure's clock ahead of ours. */
  setAhead(milliseconds: number): void {
    this.#clock.lagInMs = -milliseconds;
  }

  async takeRole(): Promise<void> {
    await arm(this.azure, "DELETE", roleAssignment);
  }

  async giveRole(): Promise<void> {
    await giveRole(this.azure);
  }

  async close(): Promise<void> {
    this.#http.close();
    await this.azure.close();
  }
}
