/** The stages of the pipeline, in order. The same seven words name files, rules, findings, suites, headings and commits. */
export const stages = [
  "dotenv",
  "key-vault",
  "identity",
  "bootstrap",
  "vault",
  "secret-store",
  "external-secret",
] as const;

export type Stage = (typeof stages)[number];

/** The environments that carry secrets; `shared` is the stack that they have in common, not one of them. */
export const environmentNames = ["dev", "staging", "prod", "local"] as const;

export type EnvironmentName = (typeof environmentNames)[number];

/** Placeholder for the environment's name in a Vault path of the catalogue, such as `gitlab/tokens/<env>/backstage`. */
export const environmentPlaceholder = "<env>";
