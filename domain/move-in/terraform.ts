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
  /** The address without instance keys, as a `removed` block accepts it. */
  readonly resource: string;
  readonly type: string;
  /** Key Vault secrets only: the name there. */
  readonly secret?: string;
  readonly value?: Redacted;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What a Terraform state or plan says. */
export interface TerraformFile {
  readonly instances: readonly TerraformInstance[];
  /** Plans only: what `apply` would do with each address that is not kept, such as `delete` or `forget`. */
  readonly actions?: ReadonlyMap<string, readonly string[]>;
}

const attributes = z.record(z.string(), z.unknown()).nullish();
const key = z.union([z.string(), z.number()]);

/** Version 4 is written since Terraform 0.12; its format is Terraform's own and undocumented, `show -json` is stable. */
const stateFile = z.object({
  version: z.literal(4),
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.object({ index_key: key.optional(), attributes })),
    }),
  ),
});

interface Module {
  readonly resources?: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly values?: Readonly<Record<string, unknown>> | null | undefined;
  }[];
  readonly child_modules?: readonly Module[];
}

const resource = z.object({ address: z.string(), mode: z.string(), type: z.string(), values: attributes });
const module: z.ZodType<Module> = z.object({
  resources: z.array(resource).optional(),
  child_modules: z.lazy(() => z.array(module)).optional(),
}) as z.ZodType<Module>;
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
 *
 * @param name - of the file, for the message.
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
    const instances = read.data.resources
      .filter(({ mode }) => mode === "managed")
      .flatMap(({ module: of, type, name: own, instances: all }) => {
        const base = [of, type, own].filter((part) => part !== undefined).join(".");
        return all.map(({ index_key, attributes: found }) => {
          const address = index_key === undefined ? base : `${base}[${JSON.stringify(index_key)}]`;
          return instance(address, type, found ?? {});
        });
      });
    return { instances };
  }
  const { values: now, prior_state: prior, resource_changes: changes } = read.data;
  const root = (prior?.values ?? now)?.root_module;
  const actions = changes?.map(({ address, change }) => [address, change.actions] as const);
  return {
    instances: root === undefined ? [] : instancesOf(root),
    ...(actions === undefined ? {} : { actions: new Map(actions) }),
  };
}

function unreadable(name: string, why: string): UserError {
  return UserError.of(
    "terraform-unreadable",
    `${name} is not a Terraform state (version 4) or the output of terraform show -json: ${why}`,
    "terraform show -json > state.json, or terraform plan -out tf.plan && terraform show -json tf.plan > plan.json",
  );
}

function instancesOf({ resources = [], child_modules: children = [] }: Module): readonly TerraformInstance[] {
  const own = resources.filter(({ mode }) => mode === "managed");
  return [
    ...own.map(({ address, type, values: found }) => instance(address, type, found ?? {})),
    ...children.flatMap(instancesOf),
  ];
}

function instance(address: string, type: string, found: Readonly<Record<string, unknown>>): TerraformInstance {
  const { value, ...attributes } = found;
  const isSecret = type === "azurerm_key_vault_secret";
  return {
    address,
    resource: withoutKeys(address),
    type,
    attributes,
    ...(isSecret ? { secret: text(found["name"]) } : {}),
    ...(isSecret && typeof value === "string" ? { value: new Redacted(value) } : {}),
  };
}

/** A key may hold brackets of its own, in quotes. */
function withoutKeys(address: string): string {
  return address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}

/** What of a Terraform file this stack is about to take over: Terraform must let go of it first. */
export function takenOver({ instances }: TerraformFile, plan: StackPlan): readonly TerraformInstance[] {
  return instances.filter((one) => isOurs(one, plan));
}

function isOurs({ type, attributes: all }: TerraformInstance, plan: StackPlan): boolean {
  const vaultId = keyVaultId(plan.azure).toLowerCase();
  const has = (name: string): string => text(all[name]).toLowerCase();
  const ownsAzure = plan.kind === "shared" || plan.shared !== undefined;
  switch (type) {
    case "azurerm_key_vault":
      return ownsAzure && has("id") === vaultId;
    case "azurerm_key_vault_secret":
      return ownsAzure && has("key_vault_id") === vaultId;
    case "azurerm_user_assigned_identity":
      return ownsAzure && has("id") === identityId(plan.azure).toLowerCase();
    case "azurerm_role_assignment":
      return ownsAzure && has("scope") === vaultId && has("role_definition_name") === "key vault secrets user";
    case "azurerm_federated_identity_credential":
      return plan.kind === "environment" && text(all["subject"]) === plan.federated.subject;
    case "vault_mount":
      return plan.kind === "environment" && has("path") === plan.vault.mount;
    case "vault_auth_backend":
      return plan.kind === "environment" && has("path") === plan.vault.authMount;
    case "vault_kubernetes_auth_backend_config":
      return plan.kind === "environment" && has("backend") === plan.vault.authMount;
    default:
      return false;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * Blocks that make Terraform forget resources without destroying them. A block names a whole resource, never one instance.
 *
 * @see https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
 */
export function removedBlocks(found: readonly TerraformInstance[]): string {
  const blocks = [...new Set(found.map((one) => one.resource))].map(
    (from) => `removed {\n  from = ${from}\n  lifecycle {\n    destroy = false\n  }\n}`,
  );
  return blocks.join("\n");
}

/** For Terraform before 1.7, and for single instances of a resource that keeps others. */
export function stateRemovals(found: readonly TerraformInstance[]): string {
  return found.map(({ address }) => `terraform state rm ${shellWord(address)}`).join("\n");
}
