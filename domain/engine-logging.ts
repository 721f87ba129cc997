import { UserError } from "./user-error.ts";

/** Variables by which Pulumi's engine and its providers write values in clear to a log, a collector or the terminal. */
const revealing: readonly RegExp[] = [
  // Pulumi takes each option of its command line as such a variable
  /^PULUMI_OPTION_(?:VERBOSE|LOGTOSTDERR|LOGFLOW|TRACING|OTEL_TRACES|PROFILING|DEBUG|SHOW_SECRETS)$/,
  /^PULUMI_(?:TF_)?DEBUG_GRPC$/,
  /^PULUMI_(?:LOG_OTLP_ENDPOINT|OTEL_EXPORTER_OTLP_ENDPOINT)$/,
  // Terraform's, for the Vault provider
  /^TF_LOG(?:_\w+)?$/,
];

/** @throws UserError `engine-logs-values` with the names of all such variables. */
export function refuseRevealingLogs(environment: Readonly<Record<string, string | undefined>>): void {
  const names = Object.entries(environment)
    .filter(([name, value = ""]) => revealing.some((pattern) => pattern.test(name)) && !/^(?:0|false|)$/i.test(value))
    .map(([name]) => name)
    .toSorted();
  if (names.length === 0) return;
  throw UserError.of(
    "engine-logs-values",
    `${names.join(" and ")} ${names.length === 1 ? "makes" : "make"} Pulumi write secret values in clear to its logs`,
    `unset ${names.join(" ")}`,
  );
}
