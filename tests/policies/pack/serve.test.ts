import assert from "node:assert/strict";
import { credentials } from "@grpc/grpc-js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import { makeAnalyzer } from "../../../policies/pack/analyzer.ts";
import { servePack } from "../../../policies/pack/serve.ts";
import type { Rule } from "../../../policies/rule.ts";
import { rules } from "../../../policies/rules.ts";
import { policyCatalogue, ruleOf } from "../../support/policy.ts";

type Client = InstanceType<typeof analyzerGrpc.AnalyzerClient>;

describe("servePack", () => {
  const opened: { close(): void }[] = [];
  after(() => opened.forEach((one) => one.close()));

  async function connect(served: readonly Rule[]): Promise<Client> {
    const pack = { name: "test", version: "1.2.3", description: "a pack", tags: ["tag"] };
    const analyzer = makeAnalyzer(served, { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" });
    const server = await servePack(pack, analyzer);
    const client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    opened.push(client, server);
    return client;
  }

  async function answered<T>(call: (done: (error: Error | null, response: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      call((error, response) => (error === null ? resolve(response) : reject(error)));
    });
  }

  function keyVaultSecret(stack: string): proto.AnalyzeRequest {
    const type = "azure-native:keyvault:Secret";
    const request = new analyzerProto.AnalyzeRequest();
    request.setType(type);
    request.setName("one");
    request.setUrn(`urn:pulumi:${stack}::ameide-secrets::${type}::one`);
    const options = new analyzerProto.AnalyzerResourceOptions();
    options.setProtect(true);
    request.setOptions(options);
    request.setProperties(
      structProto.Struct.fromJavaScript({ secretName: "ghcr-token", properties: { value: "CHANGEME" } }),
    );
    return request;
  }

  it("tells the engine each rule by its own name, level, severity, repair, page and configuration", async () => {
    const client = await connect(rules);
    const info = await answered<proto.AnalyzerInfo>((done) => client.getAnalyzerInfo(new emptyProto.Empty(), done));
    assert.deepEqual(
      [info.getName(), info.getVersion(), info.getSupportsconfig(), info.getPoliciesList().length],
      ["test", "1.2.3", true, rules.length],
    );
    for (const [i, policy] of info.getPoliciesList().entries()) {
      const rule = rules[i];
      assert.equal(policy.getName(), rule?.id);
      assert.equal(policy.getDescription(), rule?.description);
      assert.equal(policy.getRemediationSteps(), rule?.remediation);
      assert.match(policy.getUrl(), new RegExp(`#${rule?.id}$`));
      assert.ok(policy.getSeverity() > 0 && policy.getPolicyType() > 0);
      const schema = policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
      assert.deepEqual(Object.keys(schema).slice(0, 2), ["everywhere", "exemptions"]);
    }
    const named = (level: number): number =>
      info.getPoliciesList().filter((policy) => policy.getEnforcementlevel() === level).length;
    assert.equal(named(analyzerProto.EnforcementLevel.REMEDIATE), 1);
    assert.equal(
      named(analyzerProto.EnforcementLevel.ADVISORY),
      rules.filter(({ levels }) => !Object.values(levels).includes("mandatory")).length,
    );
  });

  it("answers a resource with what each rule says of it, under the rule's own name", async () => {
    const client = await connect(rules);
    const response = await answered<proto.AnalyzeResponse>((done) => client.analyze(keyVaultSecret("prod"), done));
    const said = response.getDiagnosticsList().map((one) => [one.getPolicyname(), one.getEnforcementlevel()]);
    assert.deepEqual(
      said.toSorted(([a = ""], [b = ""]) => `${a}`.localeCompare(`${b}`)),
      [
        ["placeholder-marker", analyzerProto.EnforcementLevel.MANDATORY],
        ["secretness-unmarked-value", analyzerProto.EnforcementLevel.MANDATORY],
      ],
    );
    const [first] = response.getDiagnosticsList();
    assert.deepEqual([first?.getPolicypackname(), first?.getPolicypackversion()], ["test", "1.2.3"]);
  });

  it("takes levels and properties of single rules from the engine", async () => {
    const client = await connect(rules);
    const request = new analyzerProto.ConfigureAnalyzerRequest();
    for (const [name, level] of [
      ["placeholder-marker", analyzerProto.EnforcementLevel.ADVISORY],
      ["secretness-unmarked-value", analyzerProto.EnforcementLevel.DISABLED],
    ] as const) {
      const config = new analyzerProto.PolicyConfig();
      config.setEnforcementlevel(level);
      config.setProperties(structProto.Struct.fromJavaScript({}));
      request.getPolicyconfigMap().set(name, config);
    }
    await answered((done) => client.configure(request, done));
    const response = await answered<proto.AnalyzeResponse>((done) => client.analyze(keyVaultSecret("prod"), done));
    assert.deepEqual(
      response.getDiagnosticsList().map((one) => [one.getPolicyname(), one.getEnforcementlevel()]),
      [["placeholder-marker", analyzerProto.EnforcementLevel.ADVISORY]],
    );
  });

  it("answers a remediation with the inputs as the engine writes a marked value", async () => {
    const client = await connect(rules);
    const response = await answered<proto.RemediateResponse>((done) => client.remediate(keyVaultSecret("dev"), done));
    assert.deepEqual(
      response.getRemediationsList().map((one) => one.getProperties()?.toJavaScript()),
      [
        {
          secretName: "ghcr-token",
          properties: {
            value: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "CHANGEME" },
          },
        },
      ],
    );
  });

  it("fails with the rule's own stack where a rule throws: a defect passes nothing", async () => {
    const broken: Rule = {
      ...ruleOf("placeholder-marker"),
      judge: () => {
        throw new TypeError("a defect of the rule");
      },
    };
    const client = await connect([broken]);
    await assert.rejects(
      answered((done) => client.analyze(keyVaultSecret("prod"), done)),
      /TypeError: a defect of the rule\n\s+at /,
    );
  });
});
