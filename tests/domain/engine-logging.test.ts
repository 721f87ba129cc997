import assert from "node:assert/strict";
import { refuseRevealingLogs } from "../../domain/engine-logging.ts";

describe("refuseRevealingLogs", () => {
  it("names every variable that makes the engine or a provider write values", () => {
    const environment = {
      PULUMI_OPTION_VERBOSE: "9",
      PULUMI_OPTION_LOGTOSTDERR: "true",
      PULUMI_OPTION_LOGFLOW: "1",
      PULUMI_OPTION_TRACING: "file:./trace",
      PULUMI_OPTION_OTEL_TRACES: "file:./trace",
      PULUMI_OPTION_PROFILING: "p",
      PULUMI_OPTION_DEBUG: "true",
      PULUMI_OPTION_SHOW_SECRETS: "true",
      PULUMI_DEBUG_GRPC: "grpc.json",
      PULUMI_TF_DEBUG_GRPC: "grpc.json",
      PULUMI_LOG_OTLP_ENDPOINT: "http://localhost:1",
      PULUMI_OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:1",
      TF_LOG: "TRACE",
      TF_LOG_PATH: "tf.log",
      TF_LOG_PROVIDER: "TRACE",
    };
    const names = Object.keys(environment).toSorted();
    assert.throws(
      () => refuseRevealingLogs(environment),
      (error: Error) => {
        assert.ok(error.message.startsWith(`${names.join(" and ")} make Pulumi write secret values in clear`));
        assert.ok(error.message.endsWith(`fix: unset ${names.join(" ")}`));
        return true;
      },
    );
  });

  it("allows variables that are off or reveal nothing", () => {
    refuseRevealingLogs({ PULUMI_OPTION_VERBOSE: "0", TF_LOG: "", PULUMI_OPTION_LOGFLOW: "false", PULUMI_HOME: "/x" });
    refuseRevealingLogs({ PULUMI_DEBUG_PROVIDERS: "vault:1", PULUMI_OPTION_REFRESH: "true", TF_LOGIN: "x" });
  });
});
