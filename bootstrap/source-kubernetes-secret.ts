import type { KubernetesClient } from "../clients/kubernetes.ts";
import type { BootstrapConfig } from "../domain/bootstrap-config.ts";
import { Redacted } from "../domain/redacted.ts";
import { BootstrapFailure } from "./failure.ts";
import { kubernetesFailure } from "./kubernetes.ts";
import type { Run } from "./run-context.ts";
import type { SecretSource, SourceItem, SourceValue } from "./source.ts";

interface SecretObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** One key of one Kubernetes Secret that holds a JSON object, name to value; for clusters without Azure. */
export class KubernetesSecretSource implements SecretSource {
  readonly description: string;
  readonly #kubernetes: KubernetesClient;
  readonly #path: string;
  readonly #key: string;
  #values: ReadonlyMap<string, SourceValue> = new Map();
  #calls = 0;

  constructor(
    { kubernetes, config: { namespace } }: Pick<Run, "kubernetes" | "config">,
    { name, key }: Extract<BootstrapConfig["source"], { type: "kubernetes-secret" }>,
  ) {
    this.#kubernetes = kubernetes;
    this.#path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    this.#key = key;
    this.description = `Secret ${namespace}/${name}`;
  }

  get calls(): number {
    return this.#calls;
  }

  /** One call brings names and values. Any change of the Secret changes every stamp: then all are compared. */
  async list(): Promise<ReadonlyMap<string, SourceItem>> {
    this.#calls++;
    const secret = await this.#kubernetes.find<SecretObject>(this.#path).catch((error: unknown) => {
      throw kubernetesFailure(error, `read ${this.description}`);
    });
    if (secret === undefined) {
      throw new BootstrapFailure(
        "source-unreachable",
        `the source of the external values, ${this.description}, does not exist`,
        "create it first, then run again",
      );
    }
    const { metadata, data } = secret;
    const version = `${metadata.uid}/${metadata.resourceVersion}`;
    const values = this.#parse(data?.[this.#key]).map(
      ([name, value]) => [name, { value: new Redacted(value), version, stamp: version, settled: true }] as const,
    );
    this.#values = new Map(values);
    return new Map(values.map(([name]) => [name, { name, enabled: true, stamp: version, settled: true }]));
  }

  async read(name: string): Promise<SourceValue | undefined> {
    return await Promise.resolve(this.#values.get(name));
  }

  /** A Kubernetes Secret keeps no earlier values. */
  async heldBefore(): Promise<boolean> {
    return await Promise.resolve(false);
  }

  #parse(base64: string | undefined): [string, string][] {
    const wrong = (problem: string): BootstrapFailure =>
      new BootstrapFailure(
        "bad-configuration",
        `key ${this.#key} of ${this.description} ${problem}`,
        `set it to one JSON object of names and values, all strings`,
      );
    if (base64 === undefined) throw wrong("is missing");
    let content: unknown;
    try {
      content = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
    } catch {
      // the parser's own message quotes the text
      throw wrong("is not JSON");
    }
    if (typeof content !== "object" || content === null || Array.isArray(content)) throw wrong("is not a JSON object");
    const entries = Object.entries(content);
    const odd = entries.find(([, value]) => typeof value !== "string");
    if (odd !== undefined) throw wrong(`has a value that is not text under ${odd[0]}`);
    return entries;
  }
}
