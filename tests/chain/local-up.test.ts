import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapName } from "../../domain/names.ts";
import { storeServiceAccount } from "../../domain/plan/plan-chain.ts";
import { startServers } from "../../local/servers/start.ts";
import { canariesInFiles, canarySearch } from "../support/canary.ts";
import { runCommand } from "../support/command-line.ts";
import { etcdHistory, type EtcdVersion } from "../support/etcd-history.ts";
import { startTimeout, useLocalChain } from "../support/local-chain.ts";
import { filesIn, openToOthers } from "../support/files.ts";
import { listeningAddresses, pidsOf, processes } from "../support/processes.ts";
import { testBinaries } from "../support/servers.ts";
import { auditFile, auditVault, vaultRequests } from "../support/vault-audit.ts";
import { canariesOnTheWire, recordedIn, sentMessages, type SentMessage } from "../support/wire.ts";

/** Every value is one that a careless template, shell or log would show or break. */
const values = {
  GHCR_TOKEN: `canary-ghp_"quoted"\\back$slash`,
  GHCR_USERNAME: "canary-user:with:colons",
  LANGFUSE_SECRET_KEY: "canary-langfuse-1",
  ANTHROPIC_API_KEY: '{\n  "canary": "anthropic-→-ümlaut-<&>"\n}',
  OPENAI_API_KEY: "canary-openai#not-a-comment",
};

const changedLangfuseKey = "canary-langfuse-2";

describe("local up", function () {
  this.timeout(startTimeout);
  const wireFile = join(tmpdir(), `ameide-secrets-wire-${process.pid}.jsonl`);
  const wire = recordedIn(wireFile);
  after(() => rmSync(wireFile, { force: true }));
  const chain = useLocalChain(
    values,
    async (home) => {
      await startServers(home, await testBinaries(), { only: ["openbao"] });
      auditVault(home);
    },
    wire,
  );
  const history: EtcdVersion[] = [];
  afterEach(async () => {
    history.push(...(await etcdHistory(chain().home, (history.at(-1)?.revision ?? 0) + 1)));
  });

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

  const secretValues = Object.fromEntries(Object.entries(values).filter(([name]) => name !== "GHCR_USERNAME"));
  const search = canarySearch({ ...secretValues, changedLangfuseKey });
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
    const rotated = { ...values, LANGFUSE_SECRET_KEY: changedLangfuseKey };
    const run = await chain().up(rotated);
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, / {2}key-vault\n {4}update Secret langfuse-secret-key \(properties\.value\)/);
    assert.deepEqual(await chain().secret("ameide-local", "langfuse-secrets"), {
      LANGFUSE_SECRET_KEY: changedLangfuseKey,
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

  it("leaves no value, encoded or hashed, in any file except the stores', in arguments or in environments", () => {
    const { home } = chain();
    const { azure, etcd, vault, dir } = home;
    const stores = [azure.stateFile, etcd.dataDir, vault.dataDir, auditFile(home), join(dir, "test.env")];
    assert.deepEqual(canariesInFiles(dir, search, stores), []);
    for (const { pid, command, environment } of processes().filter((one) => one.command.includes(dir))) {
      assert.deepEqual(search(command), [], `arguments of ${pid}`);
      assert.deepEqual(search(environment), [], `environment of ${pid}`);
    }
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

  it("stores a value in no version of any Kubernetes object except the Secrets that it delivers", async () => {
    const path = "/apis/external-secrets.io/v1/externalsecrets";
    const { items } = await chain().cluster.get<{ items: readonly ExternalSecretObject[] }>(path);
    const delivered = items.map(({ metadata, spec }) => `/registry/secrets/${metadata.namespace}/${spec.target.name}`);
    const found = history.filter(({ key, text }) => search(`${key}\n${text}`).length > 0);
    assert.deepEqual(new Set(found.map(({ key }) => key)), new Set(delivered));
    const langfuse = found.filter(({ key }) => key === "/registry/secrets/ameide-local/langfuse-secrets");
    // the cluster no longer has the first one: the search sees more than the present
    assert.deepEqual(
      new Set(langfuse.map(({ text }) => /canary-langfuse-\d/.exec(text)?.[0])),
      new Set([values.LANGFUSE_SECRET_KEY, changedLangfuseKey]),
    );
  });

  it("sends a value to Vault only in the writes of vault-bootstrap", () => {
    const requests = vaultRequests(chain().home);
    const found = requests.filter(({ text }) => search(text).length > 0);
    const meant = [
      "create secret/data/ghcr-token",
      "create secret/data/langfuse-secret-key",
      "create secret/data/anthropic-api-key",
      "create secret/data/openai-api-key",
      "update secret/data/langfuse-secret-key",
    ];
    assert.deepEqual(
      new Set(found.map(({ account, operation, path }) => `${account} ${operation} ${path}`)),
      new Set(meant.map((call) => `${bootstrapName} ${call}`)),
    );
    // External Secrets is not written in Node.js: nothing else records what it sends
    assert.ok(requests.some(({ account }) => account === storeServiceAccount));
  });
});

interface ExternalSecretObject {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly target: { readonly name: string } };
}

/** Between the program, the engine and the policy pack. The providers that are stand-ins get no environment: they record nothing. */
function isAboutKeyVault({ to, body }: SentMessage): boolean {
  return to.includes("pulumirpc.") && body.includes("azure-native:keyvault:Secret");
}

/** As the kernel writes them in /proc/net/tcp and tcp6: 127.0.0.1, ::1 and ::ffff:127.0.0.1. */
const loopback = new Set(["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"]);
