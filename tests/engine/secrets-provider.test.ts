import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secret } from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { vaultCall } from "../../cli/access/vault.ts";
import { backendUrl, openStack, pulumiExecutable } from "../../cli/deploy/engine/stack.ts";
import { secretsProviderOf } from "../../cli/deploy/preflight.ts";
import { Redacted } from "../../domain/redacted.ts";
import { openVault } from "../support/open-vault.ts";
import { useServers } from "../support/servers.ts";

describe("a new stack on a backend of one's own, encrypted by OpenBao's transit engine", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let folder: string;
  let env: Record<string, string>;

  before(async () => {
    const address = servers().home.vaultUrl;
    const { rootToken } = await openVault(address);
    const root = new Redacted(rootToken);
    await vaultCall({ address: address }, root, "POST", "/v1/sys/mounts/transit", { type: "transit" });
    await vaultCall({ address: address }, root, "POST", "/v1/transit/keys/pulumi", {});
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-state-"));
    for (const name of ["state", "work", "home"]) mkdirSync(join(folder, name), { mode: 0o700 });
    writeFileSync(join(folder, "work/Pulumi.yaml"), "name: ameide-secrets\nruntime: nodejs\n");
    writeFileSync(join(folder, "work/Pulumi.dev.yaml"), "# ours\nsecretsprovider: hashivault://pulumi\n");
    env = {
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_HOME: join(folder, "home"),
      // a passphrase that is wrong for everything: it must not be asked for
      PULUMI_CONFIG_PASSPHRASE: "",
      VAULT_ADDR: address,
      VAULT_TOKEN: rootToken,
    };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const open = async (create: boolean): Promise<Stack> => {
    const secretsProvider = secretsProviderOf(join(folder, "work"), "dev");
    assert.ok(secretsProvider !== undefined);
    return openStack({
      stackName: "dev",
      program: () => Promise.resolve({ kept: secret("canary-of-state") }),
      workDir: join(folder, "work"),
      pulumi: await pulumiExecutable(),
      binDirs: [],
      env,
      secretsProvider,
      create,
    });
  };
  const stackFile = (): string => readFileSync(join(folder, "work/Pulumi.dev.yaml"), "utf8");
  const state = (): string => join(folder, "state/.pulumi/stacks/ameide-secrets/dev.json");

  it("says where state is kept, and opens nothing for it", async () => {
    const setup = { workDir: join(folder, "work"), pulumi: await pulumiExecutable(), binDirs: [], env };
    assert.equal(await backendUrl(setup), `file://${folder}/state`);
    assert.equal(existsSync(state()), false);
  });

  it("is not created by a command that only looks, which names the commands that do", async () => {
    await assert.rejects(open(false), {
      code: "stack-missing",
      message: /ameide-secrets up --stack dev --yes[^]*pulumi stack init dev --secrets-provider hashivault:\/\/pulumi/,
    });
    assert.equal(existsSync(state()), false);
    assert.equal(stackFile(), "# ours\nsecretsprovider: hashivault://pulumi\n");
  });

  it("is created with the provider that its file names: no passphrase, and no value in clear", async () => {
    const stack = await open(true);
    await stack.up();
    assert.match(stackFile(), /^secretsprovider: hashivault:\/\/pulumi$/m);
    assert.match(stackFile(), /^encryptedkey: /m);
    assert.doesNotMatch(stackFile(), /encryptionsalt/);
    const text = readFileSync(state(), "utf8");
    assert.match(text, /"type":\s*"cloud"/);
    assert.doesNotMatch(text, /canary-of-state/);
    assert.equal((await stack.outputs())["kept"]?.value, "canary-of-state");
  });

  it("is opened again by a command that only looks, and its file stays as it is", async () => {
    const before = stackFile();
    await (await open(false)).preview();
    assert.equal(stackFile(), before);
    assert.deepEqual(
      readdirSync(join(folder, "state/.pulumi/stacks/ameide-secrets")).filter((name) => name.endsWith(".json")),
      ["dev.json"],
    );
  });
});
