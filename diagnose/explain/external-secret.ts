import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import { named, valuesOf } from "../snapshot.ts";
import { causes, type CauseCode } from "../causes.ts";
import { age, isError, isExplained, reportAt, secretsIn, type Rule, type Sighting, type View } from "./view.ts";

const refreshesUntilStale = 2;
const slackInMilliseconds = 60_000;
/** How long External Secrets may need for a first condition. */
const firstSyncInMilliseconds = 120_000;

export const explainExternalSecret: Rule = (view) =>
  view.snapshot.externalSecrets.ok
    ? view.expected.plan.deliveries.flatMap((delivery) => ofDelivery(view, delivery))
    : [];

function ofDelivery(view: View, delivery: PlannedDelivery): readonly Sighting[] {
  const { namespace, name, keys, storeName } = delivery;
  const found = named(view.snapshot.externalSecrets, delivery);
  const report = reportAt(`ExternalSecret ${namespace}/${name}`, { secrets: secretsIn(delivery), name, namespace });
  if (found === undefined) return report("external-secret-missing", "not found");
  const { ready, warning, remoteKeys, refreshIntervalInSeconds: interval } = found;
  const planned = new Set(keys.map(({ vaultPath }) => vaultPath));
  const foreign = remoteKeys.filter((key) => !planned.has(key));
  if (foreign.length > 0) {
    return report("external-secret-path-wrong", `asks for ${foreign.join(", ")}, expected ${[...planned].join(", ")}`);
  }
  if (storeIsBroken(view, delivery)) return [];
  if (ready === undefined) {
    return (age(view.snapshot, found.createdAt) ?? 0) > firstSyncInMilliseconds
      ? report("eso-not-running", "it has no condition")
      : report("external-secret-waiting", "it has no condition yet");
  }
  if (ready.status !== "True") {
    const seen = `${ready.reason}: ${warning?.message ?? ready.message}`;
    const code = codeOf(view, delivery, seen);
    if (code === undefined) return [];
    if (code === "external-secret-failed" && found.storeName !== storeName) {
      const fix = "ameide-secrets up --refresh --stack <stack>";
      return report(code, `${seen}; its store is ${found.storeName}, expected ${storeName}`, { fix });
    }
    if (!aboutASecret.has(code)) return report(code, seen);
    // External Secrets names it by its path, as in `(key: ghcr-token)`
    const refused = keys.find(({ vaultPath }) => seen.includes(`key: ${vaultPath})`)) ?? keys[0];
    return report(code, seen, { name: refused?.secret ?? "" });
  }
  const sinceSync = age(view.snapshot, found.refreshedAt) ?? 0;
  const bound = refreshesUntilStale * interval * 1000 + slackInMilliseconds;
  if (interval === 0 || sinceSync <= bound) return [];
  return report("eso-not-running", `refreshed ${Math.floor(sinceSync / 1000)} s ago, expected every ${interval} s`);
}

/** Their fixes are about a secret, not about the object that could not read it. */
const aboutASecret: ReadonlySet<CauseCode> = new Set(["vault-value-field-missing", "external-secret-denied"]);

const serverWide =
  /^vault-(sealed|no-active-pod|lost|orphaned|uninitialised|unreachable|reviewer|auth|address|role)|^token-review/;

/** A problem of its store or of Vault is reported there; the ExternalSecret only repeats it. */
function storeIsBroken({ before }: View, { namespace }: Pick<PlannedDelivery, "namespace">): boolean {
  return before.some((one) => {
    const isHere = one.namespace === undefined || one.namespace === namespace;
    if (!isError(one)) return one.code === "store-stale" && one.namespace === namespace;
    return isHere && (causes[one.code].stage === "secret-store" || serverWide.test(one.code));
  });
}

/** Names in a message: what is quoted, a remote key, and words with a hyphen, a slash or an underscore in them. */
const names = /"[^"]*"|\(key: [^)]*\)|(?<![\w.])[A-Za-z\d.]+(?:[-/_][A-Za-z\d.]+)+/g;
/** External Secrets' own words for a template that cannot be filled in, and those of Go's templates. */
const templateFails =
  /(?:could not (?:apply|execute)|unable to (?:parse|execute)) template\b|error fetching templateFrom|\btemplate: \S*:\d+/;

/** @param said - the message; names in it, such as `email-template`, say nothing about the kind of failure. */
function codeOf(view: View, { keys }: PlannedDelivery, said: string): CauseCode | undefined {
  if (templateFails.test(said)) return "external-secret-template";
  const seen = said.replaceAll(names, "");
  const { secrets, health, policies } = view.snapshot.vault;
  if (/owned by another|ownership/.test(seen)) return "external-secret-target-owned";
  if (/cannot find secret data for key/.test(seen)) return "vault-value-field-missing";
  if (/\b403\b|permission denied/.test(seen)) {
    if (view.before.some(({ code }) => code === "vault-policy-narrow")) return "vault-policy-narrow";
    // the reader's policy was read and reaches the path: then the refusal is from before
    return policies.ok ? "external-secret-stale-failure" : "external-secret-denied";
  }
  if (/Secret does not exist|secret not found/i.test(seen)) {
    if (keys.some(({ secret }) => isExplained(view, secret))) return undefined;
    if (!secrets.ok) return "external-secret-path-wrong";
    const live = valuesOf(secrets).filter(({ state }) => state === "live");
    const isLive = keys.every(({ vaultPath }) => live.some(({ path }) => path === vaultPath));
    return isLive ? "external-secret-stale-failure" : "vault-path-missing";
  }
  const isServers = /\b50[0-9]\b|is sealed|connection refused|is not ready|timeout|deadline exceeded/i.test(seen);
  return isServers && health.ok ? "external-secret-stale-failure" : "external-secret-failed";
}

const allowSync = "ameide-secrets up --refresh --stack <stack> && ameide-secrets resync --stack <stack>";
const syncAgain =
  'kubectl --context <context> -n <namespace> patch externalsecret <name> --type=merge -p \'{"spec":{"refreshPolicy":"Periodic"}}\'';

/** After all rules that say why an ExternalSecret does not sync: values in Vault that it has not fetched since they came. */
export const explainLeftBehind: Rule = (view) => {
  const { bootstrap, vault, externalSecrets } = view.snapshot;
  if (!bootstrap.status.ok) return [];
  const writtenAt = new Map(valuesOf(vault.secrets).map((state) => [state.path, state.writtenAt]));
  return bootstrap.status.value.secrets.flatMap(({ name: secret, path, notDelivered = [] }) =>
    notDelivered.flatMap((text): readonly Sighting[] => {
      const [, namespace = "", name = "", why = ""] = /^([^/]+)\/([^:]+): (.*)$/s.exec(text) ?? [];
      const found = named(externalSecrets, { namespace, name });
      const written = Date.parse(writtenAt.get(path) ?? "");
      // the time of a refresh is in whole seconds
      if (found === undefined || !(Date.parse(found.refreshedAt ?? "") + 1_000 <= written)) return [];
      const where = `ExternalSecret ${namespace}/${name}`;
      if (view.before.some((one) => one.where === where) || storeIsBroken(view, { namespace })) return [];
      const fix = /CreatedOnce/.test(why) ? syncAgain : /\b403\b/.test(why) ? allowSync : undefined;
      const report = reportAt(where, { secrets: [secret], name, namespace, ...(fix !== undefined && { fix }) });
      return report("external-secret-left-behind", `${secret} is newer in Vault: ${why}`);
    }),
  );
};
