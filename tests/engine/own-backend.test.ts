import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secret } from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { vaultCall } from "../../cli/access/vault.ts";
import { backendUrl, openStack, pulumiExecutable } from "../../cli/deploy/engine/stack.ts";
import { refuseWeakState, secretsProviderOf } from "../../cli/deploy/cloud-engine.ts";
import { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { type BlobService, installationInSeconds, startBlobService } from "../support/azurite.ts";
import { openVault } from "../support/open-vault.ts";
import { useServers } from "../support/servers.ts";

/** Where Pulumi stores state. */
interface Backend {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** What is stored below `.pulumi`, such as `stacks/ameide-secrets/dev.json`. */
  files(): Promise<readonly string[]>;
  read(file: string): Promise<string>;
}

describe("a new stack on your own backend, encrypted by OpenBao's transit engine", function () {
  this.timeout(120_000);
  const servers = useServers(["openbao"]);
  let vault: Record<string, string>;

  before(async () => {
    const address = servers().home.vaultUrl;
    const { rootToken } = await openVault(address);
    const root = new Redacted(rootToken);
    await vaultCall({ address }, root, "POST", "/v1/sys/mounts/transit", { type: "transit" });
    await vaultCall({ address }, root, "POST", "/v1/transit/keys/pulumi", {});
    vault = { VAULT_ADDR: address, VAULT_TOKEN: rootToken };
  });

  describe("in a folder", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-state-"))));
    after(() => rmSync(folder, { recursive: true, force: true }));

    creates({
      backend: () => ({
        url: `file://${folder}`,
        env: {},
        files: () => {
          const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
          const files = entries.filter((entry) => entry.isFile());
          return Promise.resolve(files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 9)));
        },
        read: (file) => Promise.resolve(readFileSync(join(folder, ".pulumi", file), "utf8")),
      }),
      refusal: "state-on-one-machine",
    });
  });

  describe("in Azure Blob Storage (azurite)", () => {
    let service: BlobService;
    before(async function () {
      this.timeout((installationInSeconds + 60) * 1000);
      service = await startBlobService("state");
    });
    after(() => service?.close());

    creates({
      backend: () => ({
        url: `azblob://state?domain=${service.host}&protocol=http&storage_account=${service.account}`,
        env: { AZURE_STORAGE_ACCOUNT: service.account, AZURE_STORAGE_KEY: service.key },
        files: async () => (await service.blobs()).map((name) => name.slice(".pulumi/".length)),
        read: (file) => service.read(`.pulumi/${file}`),
      }),
    });
  });

  function creates({ backend, refusal }: { backend: () => Backend; refusal?: string }): void {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "ameide-secrets-stack-"));
      writeFileSync(join(folder, "Pulumi.yaml"), "name: ameide-secrets\nruntime: nodejs\n");
      writeFileSync(join(folder, "Pulumi.dev.yaml"), "# ours\nsecretsprovider: hashivault://pulumi\n");
      mkdirSync(join(folder, "home"), { mode: 0o700 });
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    const setup = async () => ({
      workDir: folder,
      pulumi: await pulumiExecutable(),
      binDirs: [],
      env: {
        ...vault,
        ...backend().env,
        PULUMI_BACKEND_URL: backend().url,
        PULUMI_HOME: join(folder, "home"),
        // a passphrase that is wrong for everything: it must not be asked for
        PULUMI_CONFIG_PASSPHRASE: "",
      },
    });
    const open = async (create: boolean): Promise<Stack> => {
      const secretsProvider = secretsProviderOf(folder, "dev");
      assert.ok(secretsProvider !== undefined);
      return openStack({
        ...(await setup()),
        stackName: "dev",
        program: () => Promise.resolve({ kept: secret("canary-of-state") }),
        secretsProvider,
        create,
      });
    };
    const stackFile = (): string => readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8");
    /** Not the version of the layout, which Pulumi writes at the first contact. */
    const stored = async () => (await backend().files()).filter((file) => !file.startsWith("meta.yaml"));
    const state = "stacks/ameide-secrets/dev.json";

    it("is checked for where its state is stored and what encrypts it, before anything is stored", async () => {
      const url = await backendUrl(await setup());
      assert.equal(url, backend().url);
      let codes: readonly string[] = [];
      try {
        refuseWeakState({ stack: "dev", root: folder, backendUrl: url });
      } catch (error) {
        codes = (error as UserError).findings.map(({ code }) => code);
      }
      assert.deepEqual(codes, refusal === undefined ? [] : [refusal]);
      assert.deepEqual(await stored(), []);
    });

    it("is not created by a command that only reads, which names the commands that do", async () => {
      await assert.rejects(open(false), {
        code: "stack-missing",
        message:
          /ameide-secrets up --stack dev --yes[^]*pulumi stack init dev --secrets-provider hashivault:\/\/pulumi/,
      });
      assert.deepEqual(await stored(), []);
      assert.equal(stackFile(), "# ours\nsecretsprovider: hashivault://pulumi\n");
    });

    it("is created with the secrets provider of its file: no passphrase, and no value in clear", async () => {
      const stack = await open(true);
      await stack.up();
      assert.match(stackFile(), /^secretsprovider: hashivault:\/\/pulumi$/m);
      assert.match(stackFile(), /^encryptedkey: /m);
      assert.doesNotMatch(stackFile(), /encryptionsalt/);
      assert.match(await backend().read(state), /"type":\s*"cloud"[^]*"ciphertext"/);
      for (const file of await stored()) assert.doesNotMatch(await backend().read(file), /canary-of-state/, file);
      assert.equal((await stack.outputs())["kept"]?.value, "canary-of-state");
    });

    it("is found by a command that only reads, which changes neither it nor its file", async () => {
      const before = { file: stackFile(), state: await backend().read(state) };
      const { changeSummary } = await (await open(false)).preview({ expectNoChanges: true });
      assert.deepEqual(changeSummary, { same: 1 });
      assert.deepEqual({ file: stackFile(), state: await backend().read(state) }, before);
      const files = await stored();
      assert.deepEqual(
        files.filter((file) => file.startsWith("stacks/") && file.endsWith(".json")),
        [state],
      );
      assert.deepEqual(
        files.filter((file) => file.startsWith("locks/")),
        [],
      );
    });
  }
});
