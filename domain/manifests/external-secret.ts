import type { PlannedDelivery } from "../plan/environment.ts";
import { digestAnnotation, ourLabels, targetLabels } from "./labels.ts";

/** @param digest - see `chainDigest`; a new one makes ESO fetch at once. */
export function externalSecret<T>(delivery: PlannedDelivery, digest: T) {
  return {
    apiVersion: "external-secrets.io/v1" as const,
    kind: "ExternalSecret" as const,
    metadata: {
      name: delivery.name,
      namespace: delivery.namespace,
      labels: ourLabels,
      annotations: { [digestAnnotation]: digest },
    },
    spec: {
      refreshInterval: goDuration(delivery.refreshIntervalInSeconds),
      secretStoreRef: { kind: "SecretStore", name: delivery.storeName },
      target: {
        name: delivery.target,
        creationPolicy: "Owner",
        deletionPolicy: "Retain",
        template: {
          engineVersion: "v2",
          mergePolicy: "Replace",
          type: delivery.type,
          metadata: { labels: targetLabels },
          ...templateData(delivery),
        },
      },
      // the defaults are written out: otherwise ArgoCD always shows a difference
      data: delivery.keys.map(({ secretKey, vaultPath }) => ({
        secretKey,
        remoteRef: {
          key: vaultPath,
          property: "value",
          conversionStrategy: "Default",
          decodingStrategy: "None",
          metadataPolicy: "None",
        },
      })),
    },
  };
}

/** An Opaque target has no template: a `{{` in a value would be evaluated (docs/incidents.md, "A template inside a template"). */
function templateData({ type, registry }: PlannedDelivery): { data?: Record<string, string> } {
  if (type === "Opaque" || registry === undefined) return {};
  return { data: { ".dockerconfigjson": dockerConfigJson(registry) } };
}

/** Docker's configuration for a registry such as `ghcr.io`, as a template for ESO; `toJson` escapes quotes. */
export function dockerConfigJson(registry: string): string {
  const auth = '{{ printf "%s:%s" .username .password | b64enc | toJson }}';
  const entry = `{"username":{{ .username | toJson }},"password":{{ .password | toJson }},"auth":${auth}}`;
  return `{"auths":{${JSON.stringify(registry)}:${entry}}}`;
}

/** The ServiceAccounts that pull images, each once with all its pull secrets, in the order of the deliveries. */
export function pullSecretPatches(deliveries: readonly PlannedDelivery[]) {
  const targets = new Map<string, { namespace: string; name: string; secrets: Set<string> }>();
  for (const { namespace, target, imagePullServiceAccounts } of deliveries) {
    for (const name of imagePullServiceAccounts) {
      const key = `${namespace}/${name}`;
      const account = targets.get(key) ?? { namespace, name, secrets: new Set() };
      account.secrets.add(target);
      targets.set(key, account);
    }
  }
  return [...targets.values()].map(({ namespace, name, secrets }) => ({
    apiVersion: "v1" as const,
    kind: "ServiceAccount" as const,
    metadata: { name, namespace },
    imagePullSecrets: [...secrets].map((secret) => ({ name: secret })),
  }));
}

const secondsInMinute = 60;
const secondsInHour = 3600;

/**
 * As Go prints it, `1h0m0s`: controllers write this form back, so another would always differ (external-secrets #5650).
 * @see https://pkg.go.dev/time#Duration.String
 */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / secondsInHour);
  const minutes = Math.floor((seconds % secondsInHour) / secondsInMinute);
  const rest = `${seconds % secondsInMinute}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

const unitsInSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: secondsInMinute, h: secondsInHour };

/** Seconds of a duration as Go reads it: `1h30m`, `90s`, `0`. @returns `undefined` for another text. */
export function secondsOf(duration: string): number | undefined {
  if (duration === "0") return 0;
  const parts = [...duration.matchAll(/(?<!\d)(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== duration) return undefined;
  return parts.reduce((sum, [, amount = "", unit = ""]) => sum + Number(amount) * (unitsInSeconds[unit] ?? 0), 0);
}
