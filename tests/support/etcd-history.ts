import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { exchange } from "../../clients/http.ts";
import type { LocalHome } from "../../local/home.ts";
import { clientTls } from "../../local/servers/server.ts";

/** What one write gave one key. */
export interface EtcdVersion {
  /** Such as `/registry/configmaps/default/a`. */
  readonly key: string;
  readonly revision: number;
  /** Bytes that are not UTF-8 are replaced; Kubernetes' protobuf keeps its texts. `""` after a deletion. */
  readonly text: string;
}

/** A range from the zero byte to the zero byte is every key. */
const everyKey = { key: "AA==", range_end: "AA==" };

/**
 * What every client of the API server has stored, in the order of the writes.
 *
 * @param from - first revision. The API server removes old ones after 5 to 10 minutes: read more often than that.
 * @throws Error if etcd no longer has that revision.
 * @see https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
 */
export async function etcdHistory({ etcd, port }: LocalHome, from: number): Promise<readonly EtcdVersion[]> {
  const tls = clientTls(etcd.caCertificate, etcd.clientCertificate, etcd.clientKey);
  const address = `https://127.0.0.1:${port("etcdClient")}/v3`;
  const latest = await exchange(`${address}/kv/range`, {
    ...tls,
    method: "POST",
    body: JSON.stringify({ ...everyKey, limit: 1 }),
  });
  const { header } = JSON.parse(latest.body) as { header: { revision: string } };
  const to = Number(header.revision);
  if (from > to) return [];

  const watch = request(`${address}/watch`, { ...tls, method: "POST" });
  watch.end(JSON.stringify({ create_request: { ...everyKey, start_revision: from } }));
  const [response] = (await once(watch, "response")) as [IncomingMessage];
  const versions: EtcdVersion[] = [];
  let text = "";
  for await (const part of response.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = `${text}${part}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const { result } = JSON.parse(line) as { result?: WatchResponse };
      if (result === undefined || result.canceled === true) throw new Error(`etcd ended the watch: ${line}`);
      versions.push(...(result.events ?? []).map(versionIn));
    }
    if ((versions.at(-1)?.revision ?? 0) >= to) return versions;
  }
  throw new Error(`etcd ended the watch before revision ${to}`);
}

interface WatchResponse {
  readonly canceled?: boolean;
  readonly events?: readonly WatchEvent[];
}

interface WatchEvent {
  readonly kv: { readonly key: string; readonly mod_revision: string; readonly value?: string };
}

function versionIn({ kv: { key, mod_revision, value = "" } }: WatchEvent): EtcdVersion {
  const decoded = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  return { key: decoded(key), revision: Number(mod_revision), text: decoded(value) };
}
