import assert from "node:assert/strict";
import { natureOf } from "../../policies/value-nature.ts";

describe("natureOf", () => {
  const texts: Readonly<Record<NonNullable<ReturnType<typeof natureOf>>, readonly string[]>> = {
    empty: ["", "abc", "  "],
    switch: ["true", "none", "12345", "720h", "anonymous", "optional"],
    template: [
      "{{ .password }}",
      "${PASSWORD}",
      "$(cat /x)",
      "$PASSWORD",
      "$1234",
      "<path:secret/data/x#value>",
      "$__file{/etc/secrets/oauth/client_secret}",
      "$__env{GF_DB_PASSWORD}",
      "((pipeline.password))",
      "%(ENV_PASSWORD)s",
      "%DB_PASSWORD%",
      "[[ .Password ]]",
    ],
    reference: [
      "ref+vault://x",
      "vault:secret/data/x#value",
      "os.environ/MASTER_KEY",
      "env:DB_PASSWORD",
      "pullsecret:argocd/ghcr-docker-config",
      "arn:aws:secretsmanager:eu-west-1:1:secret:x",
      "projects/p/secrets/x/versions/latest",
      "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x)",
      "@/cc/secrets",
      "{env.API_TOKEN}",
      "secret/data/app#password",
    ],
    ciphertext: [
      "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]",
      "ENC[PKCS7,MIIBeQ]",
      "$ANSIBLE_VAULT;1.1;AES256\n6162",
      "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA",
      "vault:v1:AAAAAAAA",
      "{cipher}0a1b2c",
      "encrypted:BAAAAA",
      `Ag${"aB1/".repeat(60)}=`,
    ],
    hash: ["$2y$10$9L4Tc0DJbFFMB6RdSCunrO", "admin:$apr1$635ADJPI$Qu", "$argon2id$v=19$m=65536", "{SSHA}0a1b2c"],
    file: ["/var/run/secrets/x", "./token", "~/.netrc", "certs/tls.key", "password.txt"],
    address: ["https://vault:8200", "op://vault/item/field", "awssm://app/password"],
    variable: ["SMTP_PASSWORD", "DEFINED_IN_VALUES_FILE", "DEFINED-IN-REGION-SECRETS", "ARGOCD_OAUTH2_TOKEN"],
    placeholder: ["your-api-key", "__generate__", "********", "defined_in_secrets", "base64encodedkey", "XXXXXXXX"],
    prose: ["The password of the user, which the chart creates."],
  };
  for (const [nature, all] of Object.entries(texts)) {
    for (const text of all)
      it(`classifies "${text.slice(0, 40)}" as ${nature}`, () => assert.equal(natureOf(text), nature));
  }
  for (const text of [
    "correct horse",
    "correct horse battery staple",
    "C1tr0n3lla!",
    "Made-Up-Pa55-word",
    "password",
    "a1b2",
    "JBSWY3DPEHPK3PXP",
    "/9j4AAQSkZJRgABAQ==",
  ]) {
    it(`does not classify "${text}", which may be the secret`, () => assert.equal(natureOf(text), undefined));
  }
});
