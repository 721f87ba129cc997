import { z } from "zod";
import { Redacted } from "../redacted.ts";
import { identityId, keyVaultId } from "../resources/azure-inputs.ts";
import type { StackPlan } from "../plan/environment.ts";
import { shellWord } from "../safe-text.ts";
import { UserError } from "../user-error.ts";

/** One managed resource instance. Its value, if it has one, is a secret in clear in the file that was read. */
export interface TerraformInstance {
  /** As `terraform state rm` accepts it, such as `azurerm_key_vault_secret.env_secrets["ghcr-token"]`. */
  readonly address: string;
  readonly type: string;
  /** Key Vault secrets only: the name there. */
  readonly secret?: string;
  readonly value?: Redacted;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface TerraformFile {
  readonly instances: readonly TerraformInstance[];
  /** Plans only: what `apply` would do with each address that is not kept, such as `delete` or `forget`. */
  readonly actions?: ReadonlyMap<string, readonly string[]>;
}

const attributes = z.record(z.string(), z.unknown()).nullish();

/** Version 4 is written since Terraform 0.12; its format is Terraform's own and undocumented, `show -json` is stable. */
const stateFile = z.object({
  version: z.literal(4),
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.object({ index_key: z.union([z.string(), z.number()]).optional(), attributes })),
    }),
  ),
});

const module = z.object({
  resources: z
    .array(z.object({ address: z.string(), mode: z.string(), type: z.string(), values: attributes }))
    .optional(),
  get child_modules() {
    return z.array(module).optional();
  },
});
const values = z.object({ root_module: module.optional() });

/** @see https://developer.hashicorp.com/terraform/internals/json-format */
const shown = z.object({
  format_version: z.string().regex(/^[01]\./, "is of a later major version"),
  values: values.optional(),
  prior_state: z.object({ values: values.optional() }).optional(),
  resource_changes: z
    .array(z.object({ address: z.string(), change: z.object({ actions: z.array(z.string()) }) }))
    .optional(),
});

/**
 * Reads a state file (version 4) or the output of `terraform show -json`, of a state or a plan.
 * @throws UserError `terraform-unreadable`; its text holds nothing of the file, which is full of secrets.
 */
export function readTerraform(text: string, name: string): TerraformFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(name, "it is not JSON");
  }
  const isState = typeof json === "object" && json !== null && "version" in json && "resources" in json;
  const read = isState ? stateFile.safeParse(json) : shown.safeParse(json);
  if (!read.success) {
    const { path = [], message = "" } = read.error.issues[0] ?? {};
    throw unreadable(name, `${path.join(".") || "it"}: ${message}`);
  }
  if ("version" in read.data) {
    const managed = read.data.resources.filter(({ mode }) => mode === "managed");
    const instances = managed.flatMap(({ module: parent, type, name: own, instances: all }) =>
      all.map(({ index_key: key, attributes: found }) => {
        const base = `${parent === undefined ? "" : `${parent}.`}${type}.${own}`;
        return instance(key === undefined ? base : `${base}[${JSON.stringify(key)}]`, type, found ?? {});
      }),
    );
    return { instances };
  }
  const { values: now, prior_state: prior, resource_changes: changes } = read.data;
  const root = (prior?.values ?? now)?.root_module;
  const actions = changes?.map(({ address, change }) => [address, change.actions] as const);
  return { instances: instancesOf(root), ...(actions && { actions: new Map(actions) }) };
}

function unreadable(name: string, why: string): UserError {
  return UserError.of(
    "terraform-unreadable",
    `${name} is not a Terraform state (version 4) or the output of terraform show -json: ${why}`,
    "terraform show -json > state.json, or terraform plan -out tf.plan && terraform show -json tf.plan > plan.json",
  );
}

function instancesOf(one: z.infer<typeof module> | undefined): readonly TerraformInstance[] {
  const { resources = [], child_modules: children = [] } = one ?? {};
  const own = resources.filter(({ mode }) => mode === "managed");
  return [
    ...own.map(({ address, type, values: found }) => instance(address, type, found ?? {})),
    ...children.flatMap(instancesOf),
  ];
}

function instance(address: string, type: string, found: Readonly<Record<string, unknown>>): TerraformInstance {
  const { value, ...rest } = found;
  const isSecret = type === "azurerm_key_vault_secret";
  return {
    address,
    type,
    attributes: rest,
    ...(isSecret && { secret: text(found["name"]) }),
    ...(isSecret && typeof value === "string" && { value: new Redacted(value) }),
  };
}

/** What of a Terraform file this stack is about to take over: Terraform must release it first. */
export function takenOver({ instances }: TerraformFile, plan: StackPlan): readonly TerraformInstance[] {
  const ours = attributesOfOurs(plan);
  return instances.filter(({ type, attributes: all }) => {
    const wanted = ours.get(type);
    if (wanted === undefined) return false;
    return Object.entries(wanted).every(([key, value]) => text(all[key]).toLowerCase() === value.toLowerCase());
  });
}

function attributesOfOurs(plan: StackPlan): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const vaultId = keyVaultId(plan.azure);
  const inAzure = {
    azurerm_key_vault: { id: vaultId },
    azurerm_key_vault_secret: { key_vault_id: vaultId },
    azurerm_user_assigned_identity: { id: identityId(plan.azure) },
    azurerm_role_assignment: { scope: vaultId, role_definition_name: "Key Vault Secrets User" },
  };
  if (plan.kind === "shared") return new Map(Object.entries(inAzure));
  return new Map(
    Object.entries({
      ...(plan.shared && inAzure),
      azurerm_federated_identity_credential: { subject: plan.federated.subject },
      vault_mount: { path: plan.vault.mount },
      vault_auth_backend: { path: plan.vault.authMount },
      vault_kubernetes_auth_backend_config: { backend: plan.vault.authMount },
    }),
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * Blocks that make Terraform forget whole resources without destroying them.
 * @see https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
 */
export function removedBlocks(found: readonly TerraformInstance[]): string {
  // a key may hold brackets of its own, in quotes
  const resources = new Set(found.map(({ address }) => address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "")));
  return [...resources]
    .map((from) => `removed {\n  from = ${from}\n  lifecycle {\n    destroy = false\n  }\n}`)
    .join("\n");
}

/** For Terraform before 1.7, and for single instances of a resource that keeps others. */
export function stateRemovals(found: readonly TerraformInstance[]): string {
  return found.map(({ address }) => `terraform state rm ${shellWord(address)}`).join("\n");
}
