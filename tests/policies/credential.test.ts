import assert from "node:assert/strict";
import { credentialIn, literalIn, namesSecret } from "../../policies/credential.ts";

describe("namesSecret", () => {
  for (const name of [
    "POSTGRES_PASSWORD",
    "client-secret",
    "apiKey",
    "AUTH_SECRET",
    "unseal-key",
    "DB_CREDENTIALS",
    "rootpass",
    "ADMIN_PWD",
    "redis.auth.password",
    "TOKEN_2",
    "APIKey",
    "aws_secret_access_key",
  ]) {
    it(`recognises "${name}" as the name of a secret value`, () => assert.equal(namesSecret(name), true));
  }
  for (const name of [
    "SECRET_NAME",
    "secretKeyRef",
    "TOKEN_URL",
    "PASSWORD_FILE",
    "tokenTtl",
    "PASSWORD_MIN_LENGTH",
    "existingSecret",
    "passwordPolicy",
    "passwordKey",
    "bypass",
    "compass",
    "usePassword",
    "key",
    "tls.key",
  ]) {
    it(`does not recognise "${name}" as one`, () => assert.equal(namesSecret(name), false));
  }
});

describe("credentialIn", () => {
  it("finds a credential's shape under any name", () =>
    assert.equal(credentialIn("note", `ghp_${"a1B2".repeat(9)}`), "a GitHub token"));
  for (const [name, value] of [
    ["password", "correct horse"],
    ["password", "guest"],
    ["rootPassword", "not-secure-database-password"],
    ["client-secret", "0a1b2c3d4e"],
    ["clientSecret", "test"],
    ["secret", "Zk3vXw81qTnA0pLs"],
    ["ADMIN_TOKEN", "Made-Up-t0ken-77"],
    ["authToken", "fhgfthhgfhgf"],
    ["AZURE_STORAGE_ACCESS_KEY", `${"aB1+".repeat(21)}==`],
    ["secretKey", "PEoaieSveoe5D2CxoIp7"],
  ] as const) {
    it(`finds ${name}: ${value}`, () => assert.equal(credentialIn(name, value), "a literal"));
  }
  for (const [name, value] of [
    ["username", "correct horse"],
    ["pullSecret", "ghcr-pull"],
    ["OPERATOR_SECRET", "operator"],
    ["TS_KUBE_SECRET", "tailscale"],
    ["WEBHOOK_CERT_SECRET", "webhook-server-cert-v2"],
    ["tlsSecret", "grafana.local-tls"],
    ["authTLSSecret", "kube-system/ingress-cacrt"],
    ["nginx.ingress.kubernetes.io/auth-secret", "basicauth"],
    ["initialClusterToken", "etcd-cluster-k8s"],
    ["apiToken", "token"],
    ["accessKey", "enterprise-logs"],
    ["S3_ACCESS_KEY", "thanos"],
    ["secretKey", "password"],
    ["password", "smtpPassword"],
    ["password", "SMTP_PASSWORD"],
  ] as const) {
    it(`does not report ${name}: ${value}`, () => assert.equal(credentialIn(name, value), undefined));
  }
  it("counts every literal in a Secret", () =>
    assert.deepEqual(
      ["clientSecret", "accessKey", "token"].map((name) => literalIn(name, "some-name", "in-secret")),
      ["a literal", "a literal", "a literal"],
    ));
});
