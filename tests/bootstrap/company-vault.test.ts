import assert from "node:assert/strict";
import { openRootToken } from "../../cli/access/root-token.ts";
import { shortToken, vaultCall, vaultHealth } from "../../cli/access/vault.ts";
import { NetworkError } from "../../clients/http.ts";
import { requireVault } from "../../components/vault-preflight.ts";
import { vaultReader } from "../../diagnose/observe/access.ts";
import { Redacted } from "../../domain/redacted.ts";
import { inRootNamespace } from "../../domain/vault-target.ts";
import { startCompanyVault, type CompanyVault } from "../support/company-vault.ts";
import { environmentStack } from "../support/stacks.ts";
import { namespace } from "./azure-setup.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";
import { TestVault } from "./test-vault.ts";

describe("a Vault with a private CA, a namespace and mounts of its own", function () {
  this.timeout(60_000);
  const rig = useRig();
  let company: CompanyVault;
  let vault: TestVault;
  before(async () => {
    company = await startCompanyVault();
    vault = new TestVault(rig().home, rig().cluster, target());
  });
  after(async () => {
    vault.close();
    await company.stop();
  });

  const target = () => ({ address: company.addresses[0], namespace: "platform/dev", ca: company.ca });
  const config = (names: readonly string[] = []) =>
    rig().config({
      secrets: names.map((name) => external(name, { required: true })),
      vault: rig().vaultConfig({
        address: company.addresses[0],
        namespace: "platform/dev",
        mount: "kv/dev",
        authMount: "k8s-dev",
        credentialsSecret: "company-credentials",
        rootToken: "revoked",
      }),
    });
  const withCa = () => ({ env: { VAULT_CACERT: company.caFile } });
  const rootToken = () =>
    openRootToken({
      vault: target(),
      namespace,
      cluster: {
        find: async <T>() =>
          (await rig().cluster.call("GET", `/api/v1/namespaces/${namespace}/secrets/company-credentials`)).body as T,
      },
    });
  const stack = () => {
    const dev = environmentStack("dev");
    const { addresses, ca } = company;
    const own = {
      address: addresses[0],
      operatorAddress: addresses[0],
      namespace: "platform/dev",
      operatorCa: { pem: ca },
    };
    return { ...dev, vault: { ...dev.vault, ...own, mount: "kv/dev", authMount: "k8s-dev" } };
  };

  it("is refused at once by a run that does not trust its CA, with the setting to change", async () => {
    const result = await rig().run(config(), { args: ["--until=unsealed"] });
    assert.equal(result.code, 20, result.text);
    assert.match(result.text, /unable to verify the first certificate/);
    assert.match(result.text, /set vault\.caFile \(or vault\.caFrom\) of the stack file/);
  });

  it("is initialised and unsealed by vault-bootstrap, which revokes its root token outside the namespace", async () => {
    await rig().cluster.allowSecret("company-credentials");
    const result = await rig().run(config(), { args: ["--until=unsealed"], ...withCa() });
    assert.equal(result.code, 0, result.text);
    assert.ok(
      result.lines.some(({ event }) => event === "root-token-revoked"),
      result.text,
    );
  });

  it("names a namespace that does not exist", async () => {
    const root = await rootToken();
    await assert.rejects(requireVault(stack(), root.token.reveal()), {
      message: /vault-namespace-missing|has no namespace platform\/dev/,
    });
    await root.revoke();
  });

  it("gets values in its namespace and mount", async () => {
    const root = await rootToken();
    const call = (path: string, inNamespace?: string) =>
      vaultCall({ ...target(), namespace: inNamespace }, root.token, "PUT", `/v1/sys/namespaces/${path}`, {});
    await call("platform");
    await call("dev", "platform");
    vault.useRootToken(root.token.reveal());
    await vault.make(config());

    const carrying = config(["company-token"]);
    await vault.allow(carrying);
    await rig().source.setSecrets({ "company-token": "value-of-company" });
    const result = await rig().run(carrying, withCa());
    assert.equal(result.code, 0, result.text);
    const { body } = await vault.call("GET", "kv/dev/data/company-token");
    assert.equal(body.data.data.value, "value-of-company");
    await root.revoke();
  });

  it("works with preflight, doctor's reader and the tokens of the command line", async () => {
    const root = await rootToken();
    await requireVault(stack(), root.token.reveal());
    const policy = "test-auditor";
    const body = { policy: 'path "kv/dev/metadata/*" { capabilities = ["read", "list"] }' };
    await vaultCall(target(), root.token, "PUT", `/v1/sys/policies/acl/${policy}`, body);
    const short = await shortToken({ vault: target(), root: root.token, policy, ttl: "1m" });
    const { data } = await vaultReader(target(), short.token).get<{ data: { keys: string[] } }>(
      "kv/dev/metadata?list=true",
    );
    assert.deepEqual(data.keys, ["company-token"]);
    // the policy is relative to its namespace: the same token reads nothing outside of it
    await assert.rejects(vaultReader(inRootNamespace(target()), short.token).get("kv/dev/metadata?list=true"));
    await short.revoke();
    await assert.rejects(vaultReader(target(), short.token).get("kv/dev/metadata?list=true"), { status: 403 });
    await root.revoke();
    await assert.rejects(requireVault(stack(), root.token.reveal()), { message: /refuses this VAULT_TOKEN/ });
  });

  it("is reached through a port-forward under the name in its certificate only", async () => {
    const { addresses: [address], ca } = company; // prettier-ignore
    assert.equal((await vaultHealth({ address, ca, serverName: company.serverName })).state, "active");
    const refused = await vaultHealth({ address, ca, serverName: "vault.example.com" });
    assert.equal(refused.state === "unreachable" && refused.isUntrusted, true);
    await assert.rejects(
      vaultReader({ address }).get("sys/health"),
      (error) => error instanceof NetworkError && error.isUntrusted,
    );
    await assert.rejects(vaultCall({ address }, new Redacted("t"), "GET", "/v1/sys/mounts"), {
      message: /fix: set vault\.caFile/,
    });
  });
});
