import { Redacted } from "../domain/redacted.ts";
import { kubernetesFailure, type KubernetesClient } from "./kubernetes-client.ts";
import type { VaultCredentials } from "./vault-system.ts";

/** The Secret that holds what Vault's initialisation gave: `vault-auto-credentials`. It is only ever made and read. */
export class CredentialsSecret {
  /** `namespace/name`, for messages. */
  readonly title: string;
  readonly #kubernetes: KubernetesClient;
  readonly #namespace: string;
  readonly #name: string;

  constructor(kubernetes: KubernetesClient, namespace: string, name: string) {
    this.#kubernetes = kubernetes;
    this.#namespace = namespace;
    this.#name = name;
    this.title = `${namespace}/${name}`;
  }

  /** @returns `undefined` where there is no such Secret; the key `undefined` where it holds none. */
  async read(): Promise<{ readonly unsealKey: Redacted | undefined } | undefined> {
    const path = `/api/v1/namespaces/${this.#namespace}/secrets/${this.#name}`;
    const answer = await this.#kubernetes.get(path).catch((error: unknown) => {
      throw kubernetesFailure(error, `read Secret ${this.title}`);
    });
    if (answer === undefined) return undefined;
    const encoded = (answer.body as { data?: Record<string, string> }).data?.["unseal-key"];
    const unsealKey = encoded === undefined ? undefined : new Redacted(Buffer.from(encoded, "base64").toString("utf8"));
    return { unsealKey };
  }

  /** Asks the API server whether {@link create} would succeed: rights, quota and admission included. */
  async prove(): Promise<void> {
    const placeholder = new Redacted("x".repeat(44));
    await this.create({ rootToken: placeholder, key: placeholder, keyKind: "unseal-key" }, { dryRun: true });
  }

  /** @throws KubernetesError, with status 409 where it exists already. */
  async create({ rootToken, key, keyKind }: VaultCredentials, options: { dryRun?: boolean } = {}): Promise<void> {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: this.#name,
        namespace: this.#namespace,
        labels: { "app.kubernetes.io/managed-by": "vault-bootstrap" },
      },
      type: "Opaque",
      data: { "root-token": base64(rootToken), [keyKind]: base64(key) },
    };
    await this.#kubernetes.create(`/api/v1/namespaces/${this.#namespace}/secrets`, secret, options);
  }
}

function base64(value: Redacted): string {
  return Buffer.from(value.reveal(), "utf8").toString("base64");
}
