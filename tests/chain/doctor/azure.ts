import { identityId, keyVaultId } from "../../../domain/resources/azure-inputs.ts";
import { AzureClient } from "../../../clients/azure.ts";
import { localArm } from "../../../cli/access/local-stack.ts";
import { Redacted } from "../../../domain/redacted.ts";
import type { Break } from "./break.ts";
import type { World } from "./world.ts";

const dataPlane = "api-version=7.5";
const identityApi = "api-version=2023-01-31";
const roleApi = "api-version=2022-04-01";

const secretIn = (name: string): string => `/secrets/${name}?${dataPlane}`;
/** The one of the catalogue with a least length. */
const shortOne = "gitlab-bootstrap-admin";
const putSecret = (world: World, name: string, value: string) => world.azure("PUT", secretIn(name), { value });

export const keyVaultBreaks = {
  "key-vault-unreachable": {
    strike: async (world) => {
      for (const kind of ["secret-list", "secret-get", "challenge"])
        await world.azure("POST", "/_stand-in/faults", { kind, times: 1_000_000, drop: true });
      await world.bootstrap();
    },
    after: async (world) => {
      await world.azure("DELETE", "/_stand-in/faults");
      await world.bootstrap();
    },
  },
  "key-vault-secret-missing": {
    strike: (world) => world.azure("DELETE", secretIn("ghcr-token")),
  },
  "key-vault-prefix-differs": {
    strike: async (world) => {
      await world.azure("DELETE", secretIn("ghcr-token"));
      await putSecret(world, "env-ghcr-token", "under-its-former-name");
    },
    after: (world) => world.azure("DELETE", secretIn("env-ghcr-token")),
  },
  "key-vault-secret-disabled": {
    strike: (world) => world.azure("PATCH", secretIn("ghcr-token"), { attributes: { enabled: false } }),
  },
  "key-vault-secret-expired": {
    strike: (world) => world.azure("PATCH", secretIn("langfuse-secret-key"), { attributes: { exp: 1_700_000_000 } }),
    before: (world) =>
      Promise.resolve(world.setValues({ ...world.values, LANGFUSE_SECRET_KEY: "chain-langfuse-renewed-0123" })),
  },
  "key-vault-secret-expires-soon": {
    strike: (world) => {
      const exp = Math.floor(Date.now() / 1000) + 10 * 86_400;
      return world.azure("PATCH", secretIn("langfuse-secret-key"), { attributes: { exp } });
    },
    before: (world) =>
      Promise.resolve(world.setValues({ ...world.values, LANGFUSE_SECRET_KEY: "chain-langfuse-renewed-0124" })),
  },
  "key-vault-value-refused": {
    strike: async (world) => {
      await putSecret(world, "openai-api-key", "CHANGEME");
      await world.bootstrap();
    },
  },
  // past `env push`, which refuses it
  "value-too-short": {
    strike: async (world) => {
      await putSecret(world, shortOne, "too-short");
      await world.bootstrap();
    },
    sight: () => ({ prove: true }),
    input: "long-enough-for-gitlab-0123",
    after: async (world) => {
      await world.azure("DELETE", secretIn(shortOne));
      await world.vault("DELETE", `secret/metadata/${shortOne}`);
    },
  },
  "azure-not-readable": {
    strike: () => Promise.resolve(), // a person who is not logged in
    sight: (world) => {
      const { endpoint, caPem } = localArm(world.chain.home);
      const { keyVaultUri } = world.connected.stack.azure;
      const token = () => Promise.resolve(new Redacted("nobody"));
      return { access: { azure: new AzureClient({ resourceManager: endpoint, keyVaultUri, token, ca: caPem }) } };
    },
  },
} as const satisfies Readonly<Record<string, Break>>;

export const identityBreaks = {
  "role-assignment-missing": { strike: async (world) => world.azure("DELETE", await roleAssignment(world)) },
  "federated-credential-mismatch": {
    strike: (world) => putCredential(world, "https://issuer.example/of-the-former-cluster"),
  },
  "federated-credential-missing": { strike: (world) => world.azure("DELETE", credentialPath(world)) },
  "identity-missing": {
    strike: (world) => world.azure("DELETE", `${identityId(world.connected.stack.azure)}?${identityApi}`),
  },
  "client-id-stale": {
    strike: async (world) => {
      const path = `${identityId(world.connected.stack.azure)}?${identityApi}`;
      await world.azure("DELETE", path);
      await world.azure("PUT", path, { location: "westeurope", tags: {} });
    },
  },
  "federation-propagating": {
    strike: async (world) => {
      await world.azure("DELETE", credentialPath(world));
      await spreads(world, "slowly", () => putCredential(world));
      await world.bootstrap();
    },
    before: async (world) => {
      await world.azure("DELETE", credentialPath(world));
      await putCredential(world);
    },
  },
  "role-propagating": {
    strike: async (world) => {
      await spreads(world, "slowly", () => assignAnew(world));
      await world.bootstrap();
    },
    before: (world) => assignAnew(world),
  },
} as const satisfies Readonly<Record<string, Break>>;

function credentialPath({ connected: { stack } }: World): string {
  return `${identityId(stack.azure)}/federatedIdentityCredentials/${stack.federated.name}?${identityApi}`;
}

function putCredential(world: World, issuer = world.connected.stack.federated.issuer): Promise<unknown> {
  const { subject, audience } = world.connected.stack.federated;
  return world.azure("PUT", credentialPath(world), { properties: { issuer, subject, audiences: [audience] } });
}

/** What is written meanwhile takes an hour to be known everywhere; Azure's own takes minutes. */
async function spreads(world: World, _how: "slowly", write: () => Promise<unknown>): Promise<void> {
  await world.azure("PATCH", "/_stand-in/settings", { propagationInSeconds: 3600 });
  try {
    await write();
  } finally {
    await world.azure("PATCH", "/_stand-in/settings", { propagationInSeconds: 0 });
  }
}

async function roleAssignment(world: World): Promise<string> {
  const path = `${keyVaultId(world.connected.stack.azure)}/providers/Microsoft.Authorization/roleAssignments?${roleApi}`;
  const { value } = await world.azure<{ value: { id: string }[] }>("GET", path);
  return `${value[0]?.id ?? ""}?${roleApi}`;
}

async function assignAnew(world: World): Promise<void> {
  const path = await roleAssignment(world);
  const { properties } = await world.azure<{ properties: Readonly<Record<string, unknown>> }>("GET", path);
  const { roleDefinitionId, principalId, principalType } = properties;
  await world.azure("DELETE", path);
  await world.azure("PUT", path, { properties: { roleDefinitionId, principalId, principalType } });
}
