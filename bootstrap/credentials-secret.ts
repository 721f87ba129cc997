import { KubernetesError, type KubernetesClient } from "../clients/kubernetes.ts";
import { Redacted } from "../domain/redacted.ts";
import { kubernetesFailure } from "./kubernetes.ts";
import type { Run } from "./run-context.ts";

export interface VaultCredentials {
  readonly rootToken: Redacted;
  /** Unseals; with a key service it recovers and does not unseal. */
  readonly key: Redacted;
  readonly keyKind: "unseal-key" | "recovery-key";
}

type Encoded = Readonly<Record<string, string>>;

/** The Secret `vault-auto-credentials`, with the result of Vault's initialisation. It is only ever created and read. */
export class CredentialsSecret {
  readonly title: string;
  readonly #kubernetes: KubernetesClient;
  readonly #collection: string;
  readonly #name: string;

  constructor({ kubernetes, config: { namespace, vault } }: Pick<Run, "kubernetes" | "config">) {
    this.#kubernetes = kubernetes;
    this.#collection = `/api/v1/namespaces/${namespace}/secrets`;
    this.#name = vault.credentialsSecret;
    this.title = `${namespace}/${this.#name}`;
  }

  /** @returns `undefined` if the Secret does not exist; the key `undefined` if it has none. */
  async read(): Promise<{ readonly unsealKey: Redacted | undefined } | undefined> {
    const data = await this.#data().catch((error: unknown) => {
      throw kubernetesFailure(error, `read Secret ${this.title}`);
    });
    if (data === undefined) return undefined;
    const encoded = data["unseal-key"];
    return {
      unsealKey: encoded === undefined ? undefined : new Redacted(Buffer.from(encoded, "base64").toString("utf8")),
    };
  }

  /** Asks the API server whether {@link create} would succeed: rights, quota and admission included. */
  async prove(): Promise<void> {
    const placeholder = new Redacted("x".repeat(44));
    await this.create({ rootToken: placeholder, key: placeholder, keyKind: "unseal-key" }, true, { dryRun: true });
  }

  /** Accepts a Secret with the same content: our own lost answer. @throws KubernetesError 409 if the content differs */
  async create(
    { rootToken, key, keyKind }: VaultCredentials,
    withRootToken: boolean,
    options: { dryRun?: boolean } = {},
  ): Promise<void> {
    const data: Encoded = { ...(withRootToken && { "root-token": base64(rootToken) }), [keyKind]: base64(key) };
    const labels = { "app.kubernetes.io/managed-by": "vault-bootstrap" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: this.#name, labels }, type: "Opaque", data };
    try {
      await this.#kubernetes.create(this.#collection, secret, options);
    } catch (error) {
      if (!(error instanceof KubernetesError) || error.status !== 409) throw error;
      const found = await this.#data();
      if (!Object.entries(data).every(([key, value]) => found?.[key] === value)) throw error;
    }
  }

  async #data(): Promise<Encoded | undefined> {
    const secret = await this.#kubernetes.find<{ data?: Encoded }>(`${this.#collection}/${this.#name}`);
    return secret === undefined ? undefined : (secret.data ?? {});
  }
}

function base64(value: Redacted): string {
  return Buffer.from(value.reveal(), "utf8").toString("base64");
}
