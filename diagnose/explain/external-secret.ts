import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import type { ExternalSecretState } from "../snapshot.ts";
import { causes, type CauseCode } from "../causes.ts";
import { shouldBeSynced } from "./secret-store.ts";
import { age, isExplained, type Rule, type Sighting, type View } from "./view.ts";

const refreshesUntilStale = 2;
const slackInMilliseconds = 60_000;

/** Each delivery's ExternalSecret: there, asking for the right paths, synced, and lately so. */
export const explainExternalSecret: Rule = (view) => {
  const { externalSecrets } = view.snapshot;
  if (!externalSecrets.ok) return [];
  const known = new Map(externalSecrets.value.map((one) => [`${one.namespace}/${one.name}`, one]));
  return view.expected.plan.deliveries.flatMap((delivery) =>
    ofDelivery(view, delivery, known.get(`${delivery.namespace}/${delivery.name}`)),
  );
};

function ofDelivery(
  view: View,
  delivery: PlannedDelivery,
  found: ExternalSecretState | undefined,
): readonly Sighting[] {
  const { namespace, name, keys, storeName } = delivery;
  const secrets = [...new Set(keys.map(({ secret }) => secret))];
  const say = (code: CauseCode, seen: string, only = secrets): readonly Sighting[] => [
    { code, where: `ExternalSecret ${namespace}/${name}`, seen, secrets: only, name, namespace },
  ];
  if (found === undefined) return say("external-secret-missing", "not found");
  const planned = new Set(keys.map(({ vaultPath }) => vaultPath));
  const foreign = found.remoteKeys.filter((key) => !planned.has(key));
  if (foreign.length > 0) {
    return say("external-secret-path-wrong", `asks for ${foreign.join(", ")}, wanted ${[...planned].join(", ")}`);
  }
  if (storeIsBroken(view, delivery)) return [];
  if (found.ready === undefined) {
    return shouldBeSynced(view, found.createdAt)
      ? say("eso-not-running", "it has no condition")
      : say("external-secret-waiting", "it has no condition yet");
  }
  if (found.ready.status !== "True") {
    const seen = `${found.ready.reason}: ${found.warning?.message ?? found.ready.message}`;
    const code = codeOf(view, delivery, seen);
    if (code === undefined) return [];
    if (code === "external-secret-failed" && found.storeName !== storeName) {
      const fix = "ameide-secrets up --refresh --stack <stack>";
      return say(code, `${seen}; its store is ${found.storeName}, wanted ${storeName}`).map((one) => ({ ...one, fix }));
    }
    // their repairs are about a secret, not about the object that could not read it
    return aboutASecret.has(code)
      ? say(code, seen).map((one) => ({ ...one, name: refused(keys, seen) }))
      : say(code, seen);
  }
  const since = age(view.snapshot, found.refreshedAt);
  const bound = refreshesUntilStale * found.refreshIntervalInSeconds * 1000 + slackInMilliseconds;
  if (found.refreshIntervalInSeconds > 0 && since !== undefined && since > bound) {
    return say(
      "eso-not-running",
      `refreshed ${Math.floor(since / 1000)} s ago, every ${found.refreshIntervalInSeconds} s is wanted`,
    );
  }
  return [];
}

const aboutASecret: ReadonlySet<CauseCode> = new Set(["vault-value-field-missing", "external-secret-denied"]);

/** The secret that External Secrets names by its path, as in `(key: ghcr-token)`. */
function refused(keys: PlannedDelivery["keys"], seen: string): string {
  const named = keys.find(({ vaultPath }) => seen.includes(`key: ${vaultPath})`)) ?? keys[0];
  return named?.secret ?? "";
}

/** A problem of its store or of Vault is reported there; the ExternalSecret only repeats it. */
function storeIsBroken({ before }: View, { namespace }: PlannedDelivery): boolean {
  return before.some(({ code, namespace: of }) => {
    const { stage, severity } = causes[code];
    if (severity !== "error") return code === "store-stale" && of === namespace;
    return (stage === "secret-store" || isServerWide(code)) && (of === undefined || of === namespace);
  });
}

function isServerWide(code: CauseCode): boolean {
  return /^vault-(sealed|no-active-pod|lost|orphaned|uninitialised|unreachable|reviewer|auth|address|role)|^token-review/.test(
    code,
  );
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
  if (/owned by another|ownership/.test(seen)) return "external-secret-target-owned";
  if (/cannot find secret data for key/.test(seen)) return "vault-value-field-missing";
  if (/\b403\b|permission denied/.test(seen)) {
    return view.before.some(({ code }) => code === "vault-policy-narrow") ? "vault-policy-narrow" : policyOrStale(view);
  }
  const { secrets, health } = view.snapshot.vault;
  if (/Secret does not exist|secret not found/i.test(seen)) {
    if (keys.some(({ secret }) => isExplained(view, secret))) return undefined;
    if (!secrets.ok) return "external-secret-path-wrong";
    const live = new Set(secrets.value.filter(({ state }) => state === "live").map(({ path }) => path));
    return keys.every(({ vaultPath }) => live.has(vaultPath)) ? "external-secret-stale-failure" : "vault-path-missing";
  }
  const isServersTrouble = /\b50[0-9]\b|is sealed|connection refused|is not ready|timeout|deadline exceeded/i.test(
    seen,
  );
  if (isServersTrouble && health.ok) return "external-secret-stale-failure";
  return "external-secret-failed";
}

/** The reader's policy was read and reaches the path: then the refusal is from before. */
function policyOrStale({ snapshot }: View): CauseCode {
  return snapshot.vault.policies.ok ? "external-secret-stale-failure" : "external-secret-denied";
}
