import { KubernetesError, type KubernetesClient } from "../clients/kubernetes.ts";
import { Redacted } from "../domain/redacted.ts";
import { kubernetesFailure } from "./kubernetes.ts";

/** What initialisation gives, once. */
export interface VaultCredentials {
  readonly rootToken: Redacted;
  /** Unseals; with a key service it recovers and does not unseal. */
  readonly key: Redacted;
  readonly keyKind: "unseal-key" | "recovery-key";
}

/** `data` of a Secret, in base64. */
type Encoded = Readonly<Record<string, string>>;

/** The Secret with what Vault's initialisation gave: `vault-auto-credentials`. It is only ever made and read. */
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
    const data = await this.#data().catch((error: unknown) => {
      throw kubernetesFailure(error, `read Secret ${this.title}`);
    });
    if (data === undefined) return undefined;
    const encoded = data["unseal-key"];
    const unsealKey = encoded === undefined ? undefined : new Redacted(Buffer.from(encoded, "base64").toString("utf8"));
    return { unsealKey };
  }

  /** Asks the API server whether {@link create} would succeed: rights, quota and admission included. */
  async prove(): Promise<void> {
    const placeholder = new Redacted("x".repeat(44));
    await this.create({ rootToken: placeholder, key: placeholder, keyKind: "unseal-key" }, true, { dryRun: true });
  }

  /**
   * Creates the Secret. If it exists with exactly this content, it is our own earlier attempt with a lost answer.
   *
   * @param withRootToken - whether the root token goes into it.
   * @throws KubernetesError, with status 409 where it exists and holds something else.
   */
  async create(
    { rootToken, key, keyKind }: VaultCredentials,
    withRootToken: boolean,
    options: { dryRun?: boolean } = {},
  ): Promise<void> {
    const data: Encoded = { ...(withRootToken && { "root-token": base64(rootToken) }), [keyKind]: base64(key) };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: this.#name,
        namespace: this.#namespace,
        labels: { "app.kubernetes.io/managed-by": "vault-bootstrap" },
      },
      type: "Opaque",
      data,
    };
    try {
      await this.#kubernetes.create(`/api/v1/namespaces/${this.#namespace}/secrets`, secret, options);
    } catch (error) {
      if (!(error instanceof KubernetesError) || error.status !== 409 || !(await this.#holds(data))) throw error;
    }
  }

  async #holds(wanted: Encoded): Promise<boolean> {
    const held = await this.#data();
    return Object.entries(wanted).every(([key, value]) => held?.[key] === value);
  }

  async #data(): Promise<Encoded | undefined> {
    const path = `/api/v1/namespaces/${this.#namespace}/secrets/${this.#name}`;
    const secret = await this.#kubernetes.find<{ data?: Encoded }>(path);
    return secret === undefined ? undefined : (secret.data ?? {});
  }
}

function base64(value: Redacted): string {
  return Buffer.from(value.reveal(), "utf8").toString("base64");
}
