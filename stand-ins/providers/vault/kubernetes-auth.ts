import { vaultDocument, type Field } from "./vault-type.ts";

const backend: Field = { default: "kubernetes", replaces: true };

/** `vault:kubernetes/authBackendConfig:AuthBackendConfig`. Vault cannot delete a configuration. */
export const authBackendConfig = vaultDocument({
  path: "auth/{backend}/config",
  isPermanent: true,
  fields: {
    backend,
    disableIssValidation: { computed: true },
    disableLocalCaJwt: { computed: true },
    issuer: {},
    kubernetesCaCert: { computed: true },
    kubernetesHost: {},
    pemKeys: {},
    tokenReviewerJwt: { default: "", secret: true },
    tokenReviewerJwtWo: { secret: true },
    tokenReviewerJwtWoVersion: {},
    useAnnotationsAsAliasMetadata: { computed: true },
  },
});

/** Common to the roles of all auth methods. */
export const tokenFields: Readonly<Record<string, Field>> = {
  aliasMetadata: {},
  tokenBoundCidrs: { set: true },
  tokenExplicitMaxTtl: {},
  tokenMaxTtl: {},
  tokenNoDefaultPolicy: {},
  tokenNumUses: {},
  tokenPeriod: {},
  tokenPolicies: { set: true },
  tokenTtl: {},
  tokenType: { default: "default" },
};

/** `vault:kubernetes/authBackendRole:AuthBackendRole`. */
export const authBackendRole = vaultDocument({
  path: "auth/{backend}/role/{roleName}",
  fields: {
    ...tokenFields,
    aliasNameSource: { computed: true },
    audience: { default: "" },
    backend,
    boundServiceAccountNames: { set: true },
    boundServiceAccountNamespaces: { set: true },
    boundServiceAccountNamespaceSelector: {},
    roleName: { replaces: true },
  },
});
