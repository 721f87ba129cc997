import { patcherJob } from "../../diagnose/observe/jobs.ts";

export interface PatcherSettings {
  readonly keycloak: string;
  readonly realm: string;
  readonly login: { readonly clientId: string; readonly clientSecret: string };
  readonly clients: readonly { readonly clientId: string; readonly vaultKey: string }[];
  readonly vault: { readonly address: string; readonly loginPath: string; readonly role: string; readonly jwt: string };
}

/**
 * What the Job does: logs in to Keycloak by its service account, extracts each client's secret, writes it to Vault. It runs
 * in the image's Node, with nothing but what Node brings: its text is taken from here.
 */
async function patch({ keycloak, realm, login, clients, vault }: PatcherSettings): Promise<void> {
  const ask = async (method: string, url: string, headers: Record<string, string>, body?: string) => {
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    const { pathname } = new URL(url);
    if (!response.ok) throw new Error(`${method} ${pathname}: ${response.status} ${response.statusText} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const form = { grant_type: "client_credentials", client_id: login.clientId, client_secret: login.clientSecret };
  const { access_token } = await ask(
    "POST",
    `${keycloak}/realms/master/protocol/openid-connect/token`,
    { "content-type": "application/x-www-form-urlencoded" },
    new URLSearchParams(form).toString(),
  );
  const authorization = { authorization: `Bearer ${access_token}` };
  const secrets: Record<string, string> = {};
  for (const { clientId, vaultKey } of clients) {
    const all = `${keycloak}/admin/realms/${realm}/clients`;
    const [found] = await ask("GET", `${all}?clientId=${clientId}`, authorization);
    const { value } = await ask("GET", `${all}/${found?.id ?? clientId}/client-secret`, authorization);
    if (typeof value !== "string" || value === "")
      throw new Error(`client ${clientId} is confidential and has no secret`);
    secrets[vaultKey] = value;
  }
  const { role, jwt } = vault;
  const { auth } = await ask("POST", `${vault.address}/v1/${vault.loginPath}`, {}, JSON.stringify({ role, jwt }));
  for (const [key, value] of Object.entries(secrets)) {
    const url = `${vault.address}/v1/secret/data/${key}`;
    await ask("POST", url, { "x-vault-token": auth.client_token }, JSON.stringify({ data: { value } }));
    process.stdout.write(`wrote secret/${key}\n`);
  }
}

/** The Job as its chart makes it, by name. */
export function realPatcherJob(settings: PatcherSettings): object {
  const script = `(${patch.toString()})(JSON.parse(process.env.SETTINGS)).catch((error) => { console.error(error.message); process.exit(1); });`;
  const container = {
    name: "main",
    image: "gcr.io/distroless/nodejs22-debian12",
    command: ["/nodejs/bin/node", "-e", script],
    env: [{ name: "SETTINGS", value: JSON.stringify(settings) }],
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: patcherJob },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [container] } } },
  };
}
