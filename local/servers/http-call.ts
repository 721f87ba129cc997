import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** PEM of whom to trust and by what to be known. */
interface TlsCredentials {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpCall extends TlsCredentials {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** @default 3 */
  readonly timeoutInSeconds?: number;
}

/** One call to a server of the local environment. `fetch` takes no client certificate. */
export function httpCall(url: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = "GET", headers = {}, body, timeoutInSeconds = 3, ca, cert, key } = call;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const start = url.startsWith("https:") ? httpsRequest : httpRequest;
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const request = start(
    url,
    { method, headers, agent: false, timeout: timeoutInSeconds * 1000, ...tls },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
      );
      response.on("error", reject);
    },
  );
  request.on("timeout", () => request.destroy(new Error(`${url} did not answer in ${timeoutInSeconds} s`)));
  request.on("error", reject);
  request.end(body);
  return promise;
}
