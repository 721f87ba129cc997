import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pulumiExecutable } from "../../cli/deploy/engine/stack.ts";
import { changed } from "./examples/example.ts";
import { externalSecret } from "./examples/samples.ts";
import { repositoryRoot } from "../../environments/repository.ts";
import { engineEnvironment } from "../support/engine.ts";
import { ownPack } from "../support/policy-engine.ts";

/** The pack under Pulumi's own command, with nothing of ours around it. */
describe("pulumi policy analyze, on an exported state", function () {
  this.timeout(60_000);
  let folder = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "ameide-secrets-analyze-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** `level severity rule` of each violation, as the command prints them. */
  async function reported(config?: object): Promise<readonly string[]> {
    const { props } = changed(externalSecret, [["spec", "refreshInterval"], "10s"]);
    const project = "urn:pulumi:prod::ameide-secrets::";
    const type = "kubernetes:external-secrets.io/v1:ExternalSecret";
    const stack = `${project}pulumi:pulumi:Stack::ameide-secrets-prod`;
    const resources = [
      { urn: stack, custom: false, type: "pulumi:pulumi:Stack" },
      { urn: `${project}${type}::one`, custom: true, id: "one", type, parent: stack, inputs: props, outputs: props },
    ];
    const manifest = { time: "2026-11-24T00:00:00Z", magic: "", version: "" };
    const write = (name: string, content: object): string => {
      writeFileSync(join(folder, name), JSON.stringify(content));
      return join(folder, name);
    };
    const configured = config === undefined ? [] : ["--policy-pack-config", write("config.json", config)];
    const state = write("state.json", { version: 3, deployment: { manifest, resources } });
    const { stdout, stderr } = spawnSync(
      await pulumiExecutable(),
      ["policy", "analyze", "--policy-pack", ownPack, ...configured, "--file", state, "--color", "never"],
      {
        cwd: folder,
        encoding: "utf8",
        env: {
          ...process.env,
          ...engineEnvironment(folder),
          PULUMI_BACKEND_URL: `file://${folder}`,
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PATH: [join(repositoryRoot, "local", "pulumi-shims"), process.env["PATH"]].join(delimiter),
        },
      },
    );
    const lines = [...`${stdout}${stderr}`.matchAll(/- \[(\w+)\] \[severity: (\w+)\] +([\w-]+)/g)];
    return lines.map(([, level = "", severity = "", rule = ""]) => `${level} ${severity} ${rule}`).toSorted();
  }

  it("shows each rule by its own name, level and severity", async () =>
    assert.deepEqual(await reported(), ["mandatory medium delivery-refresh"]));
  it("accepts another level for one rule", async () =>
    assert.deepEqual(await reported({ "delivery-refresh": "advisory" }), ["advisory medium delivery-refresh"]));
  it("accepts a rule's own configuration, such as an exemption", async () => {
    const exemption = { subject: "ExternalSecret *", reason: "r", owner: "o", until: "2999-01-01" };
    assert.deepEqual(
      await reported({ "delivery-refresh": { enforcementLevel: "mandatory", exemptions: [exemption] } }),
      ["advisory medium delivery-refresh"],
    );
  });
});
