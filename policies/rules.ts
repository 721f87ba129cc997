import * as authority from "./authority.ts";
import { authorityCopiedValue } from "./authority-copy.ts";
import * as authorityPush from "./authority-push.ts";
import * as authorityTargets from "./authority-targets.ts";
import * as bootstrap from "./bootstrap.ts";
import * as deliveryTemplate from "./delivery-template.ts";
import * as externalSecret from "./external-secret.ts";
import * as identity from "./identity.ts";
import * as identityStack from "./identity-stack.ts";
import * as keyVault from "./key-vault.ts";
import { lifecycleProtect } from "./lifecycle.ts";
import * as placeholder from "./placeholder.ts";
import type { Rule } from "./rule.ts";
import * as secretStore from "./secret-store.ts";
import * as secretness from "./secretness.ts";
import * as vault from "./vault.ts";
import * as vaultLogin from "./vault-login.ts";
import * as vaultPolicy from "./vault-policy.ts";
import * as vaultRole from "./vault-role.ts";

/** Every rule of the pack, in the order of their files; each file exports nothing but rules among its values. */
export const rules: readonly Rule[] = [
  ...Object.values<Rule>(authority),
  ...Object.values<Rule>(authorityTargets),
  ...Object.values<Rule>(authorityPush),
  authorityCopiedValue,
  ...Object.values<Rule>(secretness),
  ...Object.values<Rule>(placeholder),
  ...Object.values<Rule>(identity),
  ...Object.values<Rule>(identityStack),
  ...Object.values<Rule>(vault),
  ...Object.values<Rule>(vaultLogin),
  ...Object.values<Rule>(vaultPolicy),
  ...Object.values<Rule>(vaultRole),
  ...Object.values<Rule>(secretStore),
  ...Object.values<Rule>(externalSecret),
  ...Object.values<Rule>(deliveryTemplate),
  ...Object.values<Rule>(keyVault),
  ...Object.values<Rule>(bootstrap),
  lifecycleProtect,
];
