import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { Rule } from "../rule.ts";
import type { PolicyConfig, Told } from "./analyzer.ts";
import type { PolicyLevel } from "./config.ts";
import type { Policy } from "./policies.ts";
import type { EngineResource } from "./subjects.ts";
import type { WireInputs } from "./wire.ts";

/** Who speaks: name and version of the pack. */
export interface PackName {
  readonly name: string;
  readonly version: string;
}

const { EnforcementLevel, PolicySeverity, PolicyType } = analyzerProto;

const levels: Readonly<Record<PolicyLevel, proto.EnforcementLevel>> = {
  advisory: EnforcementLevel.ADVISORY,
  mandatory: EnforcementLevel.MANDATORY,
  disabled: EnforcementLevel.DISABLED,
  remediate: EnforcementLevel.REMEDIATE,
};

const severities: Readonly<Record<Rule["severity"], proto.PolicySeverity>> = {
  low: PolicySeverity.POLICY_SEVERITY_LOW,
  medium: PolicySeverity.POLICY_SEVERITY_MEDIUM,
  high: PolicySeverity.POLICY_SEVERITY_HIGH,
  critical: PolicySeverity.POLICY_SEVERITY_CRITICAL,
};

/** A resource before it is made, or one of the finished stack, which also says what it depends on. */
export function readResource(message: proto.AnalyzeRequest | proto.AnalyzerResource): EngineResource {
  return {
    type: message.getType(),
    name: message.getName(),
    urn: message.getUrn(),
    inputs: () => inputsOf(message.getProperties()),
    options: {
      protect: message.getOptions()?.getProtect() ?? false,
      ...("getDependenciesList" in message ? dependenciesOf(message) : {}),
    },
  };
}

function inputsOf(struct: Struct | undefined): WireInputs {
  return struct?.toJavaScript() ?? {};
}

function dependenciesOf(resource: proto.AnalyzerResource): Pick<EngineResource["options"], "dependsOn" | "inputsFrom"> {
  const properties = resource.getPropertydependenciesMap();
  return {
    dependsOn: resource.getDependenciesList(),
    inputsFrom: new Map(Array.from(properties.entries(), ([key, urns]) => [key, urns.getUrnsList()])),
  };
}

export function readConfigs(request: proto.ConfigureAnalyzerRequest): ReadonlyMap<string, PolicyConfig> {
  const named = Object.entries(levels) as readonly (readonly [PolicyLevel, proto.EnforcementLevel])[];
  return new Map(
    Array.from(request.getPolicyconfigMap().entries(), ([name, config]) => {
      const level = named.find(([, number]) => number === config.getEnforcementlevel())?.[0] ?? "mandatory";
      return [name, { level, properties: inputsOf(config.getProperties()) }];
    }),
  );
}

export function writeDiagnostics(told: readonly Told[], pack: PackName): proto.AnalyzeResponse {
  const response = new analyzerProto.AnalyzeResponse();
  response.setDiagnosticsList(
    told.map(({ policy, level, message, urn }) => {
      const diagnostic = new analyzerProto.AnalyzeDiagnostic();
      diagnostic.setPolicyname(policy.name);
      diagnostic.setPolicypackname(pack.name);
      diagnostic.setPolicypackversion(pack.version);
      diagnostic.setDescription(policy.description);
      diagnostic.setMessage(message);
      diagnostic.setEnforcementlevel(levels[level]);
      diagnostic.setSeverity(severities[policy.severity]);
      if (urn !== undefined) diagnostic.setUrn(urn);
      return diagnostic;
    }),
  );
  return response;
}

export function writeRemediation(
  remedy: { readonly policy: Policy; readonly inputs: WireInputs } | undefined,
  pack: PackName,
): proto.RemediateResponse {
  const response = new analyzerProto.RemediateResponse();
  if (remedy === undefined) return response;
  const remediation = new analyzerProto.Remediation();
  remediation.setPolicyname(remedy.policy.name);
  remediation.setPolicypackname(pack.name);
  remediation.setPolicypackversion(pack.version);
  remediation.setDescription(remedy.policy.description);
  remediation.setProperties(writeStruct(remedy.inputs));
  response.setRemediationsList([remediation]);
  return response;
}

export function writeInfo(
  policies: readonly Policy[],
  { name, version, description, tags }: PackName & { readonly description: string; readonly tags: readonly string[] },
): proto.AnalyzerInfo {
  const info = new analyzerProto.AnalyzerInfo();
  info.setName(name);
  info.setDisplayname(name);
  info.setVersion(version);
  info.setSupportsconfig(true);
  info.setDescription(description);
  info.setTagsList([...tags]);
  info.setPoliciesList(policies.map(writePolicy));
  return info;
}

function writePolicy(policy: Policy): proto.PolicyInfo {
  const info = new analyzerProto.PolicyInfo();
  info.setName(policy.name);
  info.setDescription(policy.description);
  info.setPolicyType(policy.kind === "stack" ? PolicyType.POLICY_TYPE_STACK : PolicyType.POLICY_TYPE_RESOURCE);
  info.setEnforcementlevel(levels[policy.level]);
  info.setSeverity(severities[policy.severity]);
  info.setTagsList([...policy.tags]);
  info.setRemediationSteps(policy.remediationSteps);
  info.setUrl(policy.url);
  const schema = new analyzerProto.PolicyConfigSchema();
  schema.setProperties(writeStruct(policy.configSchema));
  info.setConfigschema(schema);
  return info;
}

/** What came off the wire or is a schema of ours: JSON throughout. */
function writeStruct(value: object): Struct {
  return structProto.Struct.fromJavaScript(value as Parameters<typeof structProto.Struct.fromJavaScript>[0]);
}
