import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vaultCall } from "../../cli/access/vault.ts";
import { startServers } from "../../local/servers/start.ts";
import { canariesInFiles, canarySearch } from "../support/canary.ts";
import { runCommand } from "../support/command-line.ts";
import { startTimeout, useLocalChain } from "../support/local-chain.ts";
import { filesIn, openToOthers } from "../support/files.ts";
import { listeningAddresses, pidsOf, processes } from "../support/processes.ts";
import { testBinaries } from "../support/servers.ts";
import { canariesOnTheWire, recordedIn, sentMessages, type SentMessage } from "../support/wire.ts";

/** Every value is one that a careless template, shell or log would show or break. */
const values = {
  GHCR_TOKEN: `canary-ghp_"quoted"\\back$slash`,
  GHCR_USERNAME: "canary-user:with:colons",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: '{\n  "canary": "anthropic-→-ümlaut-<&>"\n}',
  OPENAI_API_KEY: "canary-openai#not-a-comment",
};

describe("local up", function () {
  this.timeout(startTimeout);
  const wireFile = join(tmpdir(), `ameide-secrets-wire-${process.pid}.jsonl`);
  const wire = recordedIn(wireFile);
  after(() => rmSync(wireFile, { force: true }));
  // as a start leaves it that was killed after Vault's initialisation and before its keys were stored
  const chain = useLocalChain(
    values,
    async (home) => {
      await startServers(home, await testBinaries(), { only: ["openbao"] });
      await vaultCall({ address: home.vaultUrl }, undefined, "PUT", "/v1/sys/init", { secret_shares: 1, secret_threshold: 1 }); // prettier-ignore
    },
    wire,
  );

  it("delivers the values of the file as a valid dockerconfigjson, in both namespaces", async () => {
    for (const namespace of ["ameide-local", "argocd"]) {
      const { ".dockerconfigjson": json = "" } = await chain().secret(namespace, "ghcr-pull");
      const auth = Buffer.from(`${values.GHCR_USERNAME}:${values.GHCR_TOKEN}`).toString("base64");
      assert.deepEqual(JSON.parse(json), {
        auths: { "ghcr.io": { username: values.GHCR_USERNAME, password: values.GHCR_TOKEN, auth } },
      });
    }
  });

  it("delivers single keys into Opaque Secrets", async () => {
    assert.deepEqual(await chain().secret("ameide-local", "inference-api-credentials"), {
      ANTHROPIC_API_KEY: values.ANTHROPIC_API_KEY,
      OPENAI_API_KEY: values.OPENAI_API_KEY,
    });
  });

  const search = canarySearch(Object.fromEntries(Object.entries(values).filter(([name]) => name !== "GHCR_USERNAME")));
  const looking = [
    "doctor --stack local --prove --bundle <dir>/ticket.json",
    "doctor --stack local --json --prove",
    "lineage --stack local --json ghcr-token",
    "lineage --stack local anthropic-api-key",
    "validate --stack local --prove",
    "graph --stack local --out <dir>/graph.html",
    "rotation --stack local",
    "guard --stack local",
    "who-uses --stack local langfuse-secret-key",
    "local status --json",
  ];

  for (const words of looking) {
    it(`prints no value in any encoding: ${words}`, async () => {
      const args = words.replace("<dir>", chain().home.dir).split(" ");
      const { out, err, code } = await runCommand([...args, ...chain().place], wire);
      assert.notEqual(code, 2, err);
      assert.deepEqual(search(`${out}${err}`), []);
    });
  }

  it("leaves no value, encoded or hashed, in any file except the stores', in arguments or in environments", async () => {
    const { home, cluster } = chain();
    const { azure, etcd, vault, dir } = home;
    const stores = [azure.stateFile, etcd.dataDir, vault.dataDir, join(dir, "test.env")];
    assert.deepEqual(canariesInFiles(dir, search, stores), []);
    const texts = new Map<string, string>();
    for (const path of [
      "api/v1/configmaps",
      "api/v1/events",
      "api/v1/pods",
      "apis/batch/v1/jobs",
      "apis/external-secrets.io/v1/externalsecrets",
    ])
      // prettier-ignore
      texts.set(path, JSON.stringify(await cluster.get(`/${path}`)));
    for (const { pid, command, environment } of processes().filter((one) => one.command.includes(dir))) {
      texts.set(`arguments of ${pid}`, command);
      texts.set(`environment of ${pid}`, environment);
    }
    for (const [where, text] of texts) assert.deepEqual(search(text), [], where);
  });

  it("listens on loopback only", () => {
    const listening = pidsOf(chain().home.dir).flatMap(listeningAddresses);
    assert.notEqual(listening.length, 0);
    assert.deepEqual(
      listening.filter((address) => !loopback.has(address)),
      [],
    );
  });

  it("keeps everything in one folder that other users cannot read", () => {
    const { dir } = chain().home;
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    const secret = filesIn(dir).filter((path) => /key|token|kubeconfig|passphrase|state\.json/.test(path));
    assert.notEqual(secret.length, 0);
    assert.deepEqual(openToOthers(secret), []);
  });

  it("changes nothing if nothing changed, and reports that", async () => {
    const again = await chain().up(values);
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, /^nothing changed$/m);
  });

  it("delivers a changed value to the Secret, and reports what changed", async () => {
    const rotated = { ...values, LANGFUSE_SECRET_KEY: "canary-langfuse-2" };
    const run = await chain().up(rotated);
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, / {2}key-vault\n {4}update Secret langfuse-secret-key \(properties\.value\)/);
    assert.deepEqual(await chain().secret("ameide-local", "langfuse-secrets"), {
      LANGFUSE_SECRET_KEY: "canary-langfuse-2",
    });
  });

  it("keeps a value that the file no longer has", async () => {
    const { GHCR_TOKEN, GHCR_USERNAME } = values;
    const run = await chain().up({ GHCR_TOKEN, GHCR_USERNAME });
    assert.match(`${run.out}${run.err}`, /anthropic-api-key/);
    assert.deepEqual(await chain().secret("ameide-local", "inference-api-credentials"), {
      ANTHROPIC_API_KEY: values.ANTHROPIC_API_KEY,
      OPENAI_API_KEY: values.OPENAI_API_KEY,
    });
  });

  it("fails on a cluster-managed name in the file, before anything is changed", async () => {
    const refused = await chain().up({ ...values, PLATFORM_DB_CREDENTIALS: "canary-db" });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /PLATFORM_DB_CREDENTIALS.*\n {2}fix: /);
    assert.doesNotMatch(refused.err, /canary-db|preview with the policy pack/);
  });

  it("fails on an empty value and on two variables that become one name, and reports both together", async () => {
    const refused = await chain().up({ ...values, OPENAI_API_KEY: "", "openai.api.key": "canary-dot" });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /OPENAI_API_KEY.*empty|empty.*OPENAI_API_KEY/);
    assert.match(refused.err, /openai\.api\.key/);
  });

  it("sends a value only in the calls by which Pulumi plans Key Vault's secrets", () => {
    const messages = sentMessages(wireFile);
    assert.deepEqual(canariesOnTheWire(messages, search, isAboutKeyVault), []);
    const searched = (pattern: RegExp) => messages.filter(({ to }) => pattern.test(to)).length;
    const { kubernetesUrl, vaultUrl, azureUrl } = chain().home;
    for (const url of [kubernetesUrl, vaultUrl, azureUrl]) assert.notEqual(searched(new RegExp(` ${url}/`)), 0, url);
    for (const service of ["ResourceMonitor/RegisterResource", "Analyzer/Analyze"])
      assert.notEqual(searched(new RegExp(`pulumirpc.${service}`)), 0, service);
    const keyVault = messages.filter(isAboutKeyVault);
    assert.ok(canariesOnTheWire(keyVault, search, () => false).length > 0, "the search does not find what is meant");
  });
});

/** Between the program, the engine and the policy pack. The providers that are stand-ins get no environment: they record nothing. */
function isAboutKeyVault({ to, body }: SentMessage): boolean {
  return to.includes("pulumirpc.") && body.includes("azure-native:keyvault:Secret");
}

/** As the kernel writes them in /proc/net/tcp and tcp6: 127.0.0.1, ::1 and ::ffff:127.0.0.1. */
const loopback = new Set(["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"]);
