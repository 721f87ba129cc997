import { readFileSync } from "node:fs";
import type { LocalHome } from "../home.ts";
import { httpCall, type HttpAnswer } from "./http-call.ts";

/** One call to the API server as its administrator. */
export function callCluster(
  { kubernetes, kubernetesUrl }: LocalHome,
  method: "GET" | "PATCH",
  path: string,
  options: {
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutInSeconds?: number;
  } = {},
): Promise<HttpAnswer> {
  return httpCall(`${kubernetesUrl}${path}`, {
    method,
    ca: readFileSync(kubernetes.caCertificate),
    cert: readFileSync(kubernetes.adminCertificate),
    key: readFileSync(kubernetes.adminKey),
    headers: { accept: "application/json", ...options.headers },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    timeoutInSeconds: options.timeoutInSeconds ?? 30,
  });
}

/**
 * Creates or changes one object by server-side apply, as field manager `ameide-secrets-local`.
 *
 * @param path - of the object itself, such as `/api/v1/namespaces/a`.
 */
export async function applyObject(home: LocalHome, path: string, object: unknown): Promise<void> {
  const { status, body } = await callCluster(home, "PATCH", `${path}?fieldManager=ameide-secrets-local&force=true`, {
    body: object,
    headers: { "content-type": "application/apply-patch+yaml" }, // JSON is YAML
  });
  if (status !== 200 && status !== 201) throw new Error(`applying ${path}: the API server answered ${status}: ${body}`);
}
