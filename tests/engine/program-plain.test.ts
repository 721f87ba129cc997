import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pulumiExecutable } from "../../cli/deploy/engine/stack.ts";
import { repositoryRoot } from "../../environments/index.ts";
import { startProviders, type RunningProviders } from "../../stand-ins/providers/start.ts";
import { engineEnvironment } from "../support/engine.ts";

interface Ended {
  readonly code: number | null;
  /** Both streams together, as a person reads them. */
  readonly reported: string;
}

/** What the program is made of; tests change copies of it. */
const programFiles = [
  ..."Pulumi.yaml Pulumi.shared.yaml Pulumi.dev.yaml Pulumi.staging.yaml Pulumi.prod.yaml package.json".split(" "),
  ..."index.ts chain.ts domain clients environments components policies bootstrap diagnose cli".split(" "),
];

/**
 * `pulumi` as anybody calls it, in a copy of the repository: none of our command line. The shared stack is there with its
 * outputs; stand-ins of the providers plan without a cloud; a Vault answers that it is well.
 */
describe("program, with plain pulumi", function () {
  this.timeout(120_000);
  let folder: string;
  let root: string;
  let providers: RunningProviders;
  let vault: Server;
  let vaultHealth = 200;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "ameide-secrets-plain-"));
    root = join(folder, "repository");
    for (const file of programFiles) cpSync(join(repositoryRoot, file), join(root, file), { recursive: true });
    symlinkSync(join(repositoryRoot, "node_modules"), join(root, "node_modules"));
    providers = await startProviders({ mode: "offline" });
    vault = createServer((request, response) => {
      response.statusCode = request.url?.startsWith("/v1/sys/health") === true ? vaultHealth : 200;
      response.end('{"initialized":true}');
    });
    await once(vault.listen(0, "127.0.0.1"), "listening");
    await sharedStackWithOutputs();
    await pulumi("stack", "init", "dev");
  });

  after(async () => {
    await providers.close();
    vault.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(() => (vaultHealth = 200));

  async function pulumi(...args: readonly string[]): Promise<Ended> {
    return pulumiWith({}, ...args);
  }

  async function pulumiWith(env: Record<string, string>, ...args: readonly string[]): Promise<Ended> {
    const executable = await pulumiExecutable();
    const shims = join(repositoryRoot, "local", "pulumi-shims");
    const child = spawn(executable, [...args, "--non-interactive", "--color=never"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...engineEnvironment(folder),
        PATH: [shims, dirname(executable), process.env["PATH"] ?? ""].join(delimiter),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        VAULT_ADDR: `http://127.0.0.1:${(vault.address() as AddressInfo).port}`,
        VAULT_TOKEN: "a-token",
        ...env,
      },
    });
    const streams = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await once(child, "exit")) as [number | null];
    return { code, reported: (await streams).join("\n") };
  }

  /** What an update of `shared` leaves behind, as far as environments read it. */
  async function sharedStackWithOutputs(): Promise<void> {
    await pulumi("stack", "init", "shared");
    const file = join(folder, "shared.json");
    await pulumi("stack", "export", "--stack", "shared", "--file", file);
    const exported = JSON.parse(readFileSync(file, "utf8")) as { deployment: { resources?: object[] } };
    const urn = "urn:pulumi:shared::ameide-secrets::pulumi:pulumi:Stack::ameide-secrets-shared";
    const outputs = { bootstrapClientId: "33333333-3333-4333-8333-333333333333" };
    exported.deployment.resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
    writeFileSync(file, JSON.stringify(exported));
    const { code, reported } = await pulumi("stack", "import", "--stack", "shared", "--file", file);
    assert.equal(code, 0, reported);
  }

  /** Runs `work` with a file of the copy changed, and puts it back. */
  async function changed<T>(file: string, from: string, to: string, work: () => Promise<T>): Promise<T> {
    const path = join(root, file);
    const before = readFileSync(path, "utf8");
    assert.ok(before.includes(from), `${file} has no ${from}`);
    writeFileSync(path, before.replace(from, to));
    try {
      return await work();
    } finally {
      writeFileSync(path, before);
    }
  }

  const planned = (reported: string) =>
    [...reported.matchAll(/^ \+ {2}(kubernetes|vault|azure-native):(\S+) (\S+) create/gm)].map(
      ([, , , name = ""]) => name,
    );

  it("plans an environment with the policy pack on", async () => {
    const { code, reported } = await pulumi("preview", "--stack", "dev", "--policy-pack", "policies");
    assert.equal(code, 0, reported);
    const names = planned(reported);
    for (const name of ["federation-vault-bootstrap-dev", "bootstrap-cronjob", "delivery-ameide-dev-ghcr-pull-sync"]) {
      assert.ok(names.includes(name), `${name} is not planned:\n${reported}`);
    }
    assert.match(reported, /Policies:/);
  });

  it("plans the shared stack", async () => {
    const { code, reported } = await pulumi("preview", "--stack", "shared");
    assert.equal(code, 0, reported);
    assert.deepEqual(planned(reported).toSorted(), ["identity-identity", "identity-secrets-user", "key-vault-vault"]);
  });

  it("fails without the shared stack, before anything is planned, with one error and no stack trace", async () => {
    const PULUMI_BACKEND_URL = `file://${join(folder, "empty-backend")}`;
    mkdirSync(join(folder, "empty-backend"));
    await pulumiWith({ PULUMI_BACKEND_URL }, "stack", "init", "dev");
    const missing = await pulumiWith({ PULUMI_BACKEND_URL }, "preview", "--stack", "dev");
    assert.notEqual(missing.code, 0);
    assert.match(missing.reported, /the stack organization\/ameide-secrets\/shared cannot be read: unknown stack "/);
    assert.match(missing.reported, /fix: ameide-secrets up --stack shared --yes, or: pulumi up --stack shared/);
    assert.doesNotMatch(missing.reported, /\n\s+at /);
    assert.deepEqual(planned(missing.reported), []);

    await pulumiWith({ PULUMI_BACKEND_URL }, "stack", "init", "shared");
    const empty = await pulumiWith({ PULUMI_BACKEND_URL }, "preview", "--stack", "dev");
    assert.notEqual(empty.code, 0);
    assert.match(empty.reported, /shared has no output bootstrapClientId, because it was never updated/);
    assert.deepEqual(planned(empty.reported), []);
  });

  for (const [health, says] of [
    [503, /the Vault of dev at \S+ is sealed\n\s+fix: ameide-secrets unseal --stack dev/],
    [501, /the Vault of dev at \S+ was never initialised\n\s+fix: ameide-secrets up --stack dev/],
  ] as const) {
    it(`fails if Vault answers ${health}, before anything is planned, with the command that fixes it`, async () => {
      vaultHealth = health;
      const { code, reported } = await pulumi("preview", "--stack", "dev");
      assert.notEqual(code, 0);
      assert.match(reported, says);
      assert.deepEqual(planned(reported), []);
    });
  }

  it("fails without a token, and names the one that it needs", async () => {
    const { code, reported } = await pulumiWith({ VAULT_TOKEN: "" }, "preview", "--stack", "dev");
    assert.notEqual(code, 0);
    assert.match(reported, /VAULT_TOKEN is not set/);
    assert.deepEqual(planned(reported), []);
  });

  it("fails if delivery was switched to gitops with live objects, before one of them is deleted", async () => {
    const file = join(folder, "dev.json");
    await pulumi("stack", "export", "--stack", "dev", "--file", file);
    const before = readFileSync(file, "utf8");
    const exported = JSON.parse(before) as { deployment: { resources?: object[] } };
    const urn = "urn:pulumi:dev::ameide-secrets::pulumi:pulumi:Stack::ameide-secrets-dev";
    const outputs = { cronJobName: "vault-bootstrap" };
    exported.deployment.resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
    writeFileSync(file, JSON.stringify(exported));
    await pulumi("stack", "import", "--stack", "dev", "--file", file);
    const { code, reported } = await changed("environments/dev.ts", 'delivery: "pulumi"', 'delivery: "gitops"', () =>
      pulumi("preview", "--stack", "dev"),
    );
    writeFileSync(file, before);
    await pulumi("stack", "import", "--stack", "dev", "--file", file);
    assert.notEqual(code, 0);
    assert.match(reported, /this run would delete them\n\s+fix: .*: ameide-secrets up --stack dev --yes/);
    assert.deepEqual(planned(reported), []);
  });

  it("fails on every mistake of a stack file at once, before anything is planned", async () => {
    const { code, reported } = await changed(
      "Pulumi.dev.yaml",
      "    cluster:",
      "    clutser: {}\n    secretPrefix: x-\n    cluster:",
      () => pulumi("preview", "--stack", "dev"),
    );
    assert.notEqual(code, 0);
    assert.match(reported, /clutser/);
    assert.match(reported, /secretPrefix/);
    assert.deepEqual(planned(reported), []);
  });

  it("fails on a delivery of a cluster-managed secret without any policy pack, before anything is planned", async () => {
    const { code, reported } = await changed(
      "environments/catalogue.yaml",
      "\ndeliveries:\n",
      "\ndeliveries:\n  smuggled:\n    keys: { PASSWORD: postgres-ameide-auth }\n",
      () => pulumi("preview", "--stack", "dev"),
    );
    assert.notEqual(code, 0);
    assert.match(reported, /postgres-ameide-auth/);
    assert.match(reported, /cnpg|CNPG/);
    assert.deepEqual(planned(reported), []);
  });

  it("fails on a cluster-managed secret that is declared outside the plan, without any policy pack", async () => {
    const { code, reported } = await changed(
      "chain.ts",
      "  const run = { stack, clientId,",
      `  new CustomResource("smuggled", {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "smuggled", namespace: "ameide-dev" },
    spec: {
      secretStoreRef: { kind: "SecretStore", name: "ameide-vault" },
      target: { name: "smuggled" },
      data: [{ secretKey: "password", remoteRef: { key: "platform-db-password", property: "value" } }],
    },
  }, { provider: providers.kubernetes });
  const run = { stack, clientId,`,
      () =>
        changed(
          "chain.ts",
          'import * as pulumi from "@pulumi/pulumi";',
          'import * as pulumi from "@pulumi/pulumi";\nimport { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";',
          () => pulumi("preview", "--stack", "dev"),
        ),
    );
    assert.notEqual(code, 0);
    assert.match(reported, /platform-db-password/);
    assert.ok(!planned(reported).includes("smuggled"), reported);
  });
});
