import type { FaultName, FaultyServer } from "./fault-table.ts";
import type { ProxiedAnswer, ProxiedCall, ProxyHook } from "../bootstrap/vault-proxy.ts";
import type { BootstrapRig } from "../bootstrap/rig.ts";
import type { RunHereOptions } from "../bootstrap/runs.ts";
import type { BootstrapConfig } from "../../domain/bootstrap-config.ts";

/** Where a fault is made: for a run, and undone after it. */
export interface FaultyRun {
  readonly vaultAddress?: string;
  readonly keyVault?: string;
  readonly options?: RunHereOptions;
  /** The run waits for an answer that never comes, until its deadline. */
  readonly isSilent?: boolean;
}

const often = 10_000;
const moment = 3;
const broken = '{"data": {"keys": ["a';

/** Prepares the servers of the rig for one fault. */
export async function makeFault(rig: BootstrapRig, server: FaultyServer, fault: FaultName): Promise<FaultyRun> {
  if (server === "Azure's token endpoint" || server === "Key Vault") return azureFault(rig, server, fault);
  if (server === "API server") {
    const kubernetesAddress =
      fault === "refused"
        ? "http://127.0.0.1:9"
        : await rig.kubernetesProxy(hookOf(fault, kubernetesWords, () => true));
    return { options: { kubernetesAddress }, isSilent: fault === "silent" };
  }
  const vaultAddress =
    fault === "refused" ? "http://127.0.0.1:9" : await rig.proxy(hookOf(fault, vaultWords, vaultCalls[server]));
  return { vaultAddress, isSilent: fault === "silent" };
}

export async function undoFault(rig: BootstrapRig): Promise<void> {
  rig.azure.control.clearFaults();
  rig.source.setAhead(0);
  await rig.cluster.endLease();
}

/** A configuration for the run that meets the fault. */
export function configFor(rig: BootstrapRig, config: BootstrapConfig, faulty: FaultyRun): BootstrapConfig {
  const { vaultAddress: address, keyVault: uri } = faulty;
  return {
    ...config,
    ...(address !== undefined && { vault: rig.vaultConfig({ address }) }),
    ...(uri !== undefined && config.source.type === "azure-key-vault" && { source: { ...config.source, uri } }),
  };
}

function azureFault(rig: BootstrapRig, server: FaultyServer, fault: FaultName): FaultyRun {
  const kind = server === "Key Vault" ? "secret-list" : "token";
  const { control } = rig.azure;
  switch (fault) {
    case "refused":
      return server === "Key Vault"
        ? { keyVault: "https://127.0.0.1:9/" }
        : { options: { azure: { authorityHost: "https://127.0.0.1:9" } } };
    case "reset":
      control.inject({ kind, times: often, drop: true });
      return {};
    case "reset for a moment":
      control.inject({ kind, times: moment, drop: true });
      return {};
    case "silent":
      control.inject({ kind, times: often, hang: true });
      return { isSilent: true };
    case "broken JSON":
      control.inject({ kind, times: often, text: broken });
      return {};
    case "half an answer":
      control.inject({ kind, times: often, text: broken, cut: true });
      return {};
    case "clock skew":
      rig.source.setAhead(7_200_000);
      return {};
    default: {
      const [status, times] = statusOf(fault);
      control.inject({ kind, times, status, retryAfterInSeconds: 0 });
      return {};
    }
  }
}

function statusOf(fault: FaultName): readonly [status: number, times: number] {
  const status = Number(/^\d+/.exec(fault)?.[0]);
  return [status, fault.endsWith("for a moment") ? moment : often];
}

type Words = (status: number) => string;
const vaultWords: Words = (status) =>
  JSON.stringify({ errors: [status === 403 ? "permission denied" : `HTTP ${status}`] });
const kubernetesWords: Words = (status) => JSON.stringify({ kind: "Status", code: status, message: `HTTP ${status}` });

type Applies = (call: Pick<ProxiedCall, "method" | "path">) => boolean;

const isWrite: Applies = ({ method, path }) => method === "POST" && path.startsWith("/v1/secret/data/");
const vaultCalls = {
  Vault: () => true,
  "Vault's login": ({ path }) => path.endsWith("/login"),
  "Vault's writes": isWrite,
} as const satisfies Partial<Record<FaultyServer, Applies>>;

function hookOf(fault: FaultName, words: Words, applies: Applies): ProxyHook {
  let met = 0;
  const answer = (status: number): ProxiedAnswer => ({ status, body: words(status), headers: { "retry-after": "0" } });
  return async (call, forward) => {
    if (!applies(call)) return forward();
    met += 1;
    switch (fault) {
      case "reset":
        return "drop";
      case "reset for a moment":
        return met <= moment ? "drop" : forward();
      case "silent":
        return new Promise(() => {});
      case "broken JSON":
        return { status: 200, body: broken };
      case "half an answer":
        return { status: 200, body: broken, isCut: true };
      case "sealed in the run":
        return { status: 503, body: JSON.stringify({ errors: ["Vault is sealed"] }) };
      case "answer lost":
        return forward().then((real) => (met === 1 ? "drop" : real));
      case "standby":
        return call.path.startsWith("/v1/sys/health") ? standby(await forward()) : forward();
      default: {
        const [status, times] = statusOf(fault);
        return met <= times ? answer(status) : forward();
      }
    }
  };
}

function standby({ status, body }: ProxiedAnswer): ProxiedAnswer {
  return {
    status: status === 200 ? 429 : status,
    body: JSON.stringify({ ...(JSON.parse(body) as object), standby: true }),
  };
}
