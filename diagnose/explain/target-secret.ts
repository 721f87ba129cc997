import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import type { ExternalSecretState, SecretState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { isExplained, type Rule, type Sighting, type View } from "./view.ts";
import { isUnreal, tooShort } from "./vault-secrets.ts";

const managedBy = "app.kubernetes.io/managed-by";
/** Shorter values are names and flags, and equal by chance. */
const shortestComparedLength = 16;

/** The Secrets that consumers read: there, whole, ESO's, with real values that are Vault's. */
export const explainTargetSecret: Rule = (view) => {
  const { secrets } = view.snapshot;
  if (!secrets.ok) return [];
  const known = new Map(secrets.value.map((one) => [`${one.namespace}/${one.name}`, one]));
  return [
    ...view.expected.plan.deliveries.flatMap((delivery) =>
      ofDelivery(view, delivery, known.get(`${delivery.namespace}/${delivery.target}`)),
    ),
    ...ofEqualValues(view, known),
  ];
};

function ofDelivery(view: View, delivery: PlannedDelivery, found: SecretState | undefined): readonly Sighting[] {
  const { namespace, target, name, keys } = delivery;
  const all = [...new Set(keys.map(({ secret }) => secret))];
  const { externalSecrets } = view.snapshot;
  const live = externalSecrets.ok
    ? externalSecrets.value.find((one) => one.namespace === namespace && one.name === name)
    : undefined;
  const say: Say = (code, seen, secrets = all) => [
    { code, where: `Secret ${namespace}/${target}`, seen, secrets, name: target, namespace },
  ];
  if (found === undefined) {
    if (live?.ready?.status !== "True") return [];
    const kind = live.targetKind;
    const writes = kind === undefined ? [] : [`, and writes a ${kind} instead (target.manifest)`];
    return say("target-secret-missing", `not found, while its ExternalSecret is Ready${writes.join("")}`);
  }
  const differences = [...differencesOf(delivery, found), ...policyOf(live, found)];
  if (differences.length > 0) return say("target-secret-differs", differences.join("; "));
  if (delivery.type === "kubernetes.io/dockerconfigjson" && isMalformed(found)) {
    return say("pull-secret-malformed", "`.dockerconfigjson` holds no registry with user name and password");
  }
  return keys.flatMap(({ secretKey, secret, vaultPath }) => {
    const print = found.keys[secretKey];
    if (print === undefined) return [];
    const { fixturesAllowed } = view.expected.strictness;
    if (isUnreal(print.looksLike, fixturesAllowed, view.expected.name === "local")) {
      const seen = `${secretKey} is ${print.looksLike === "empty" ? "empty" : `a ${print.looksLike}`}`;
      if (isExplained(view, secret)) return [];
      return say(print.looksLike === "template" ? "external-secret-template" : "target-holds-placeholder", seen, [
        secret,
      ]);
    }
    const short = tooShort(view, secret, print);
    return [
      ...(short === undefined ? [] : say("value-too-short", short, [secret])),
      ...ofBehind(view, vaultPath, print.digest, secretKey, secret, say),
    ];
  });
}

type Say = (code: CauseCode, seen: string, secrets?: readonly string[]) => readonly Sighting[];

/** A Secret that has the better value of the two is not called behind: a resync would spread what is wrong in Vault. */
function ofBehind(
  view: View,
  path: string,
  digest: string,
  key: string,
  secret: string,
  say: Say,
): readonly Sighting[] {
  const { secrets } = view.snapshot.vault;
  const state = secrets.ok ? secrets.value.find((one) => one.path === path) : undefined;
  if (state?.fingerprint === undefined || state.fingerprint.digest === digest || isExplained(view, secret)) return [];
  return say("target-secret-behind", `${key} differs from version ${state.version} in Vault`, [secret]);
}

function differencesOf(
  { type, keys }: PlannedDelivery,
  { type: is, keys: held, labels, owner }: SecretState,
): readonly string[] {
  const wanted = type === "Opaque" ? keys.map(({ secretKey }) => secretKey) : [".dockerconfigjson"];
  const lacking = wanted.filter((key) => held[key] === undefined);
  return [
    ...(is === type ? [] : [`type is ${is}, wanted ${type}`]),
    ...(lacking.length === 0 ? [] : [`lacks ${lacking.join(", ")}`]),
    ...(labels[managedBy] === "external-secrets" ? [] : [`label ${managedBy} is ${labels[managedBy] ?? "not set"}`]),
    ...(owner?.startsWith("ExternalSecret/") === true
      ? []
      : [`owner is ${owner ?? "none"}, wanted its ExternalSecret`]),
  ];
}

function isMalformed({ keys }: SecretState): boolean {
  const filled = keys[".dockerconfigjson"]?.looksLike !== "empty";
  return filled && keys["username"]?.looksLike === "empty" && keys["password"]?.looksLike === "empty";
}

/** Why its ExternalSecret does not own it. */
function policyOf(live: ExternalSecretState | undefined, { owner }: SecretState): readonly string[] {
  const { creationPolicy = "Owner" } = live ?? {};
  return owner !== undefined || creationPolicy === "Owner" ? [] : [`creationPolicy is ${creationPolicy}, wanted Owner`];
}

/** One token in two slots: the first rotation of one breaks the other. */
function ofEqualValues({ expected }: View, known: ReadonlyMap<string, SecretState>): readonly Sighting[] {
  const holders = new Map<string, Set<string>>();
  for (const { namespace, target, keys } of expected.plan.deliveries) {
    for (const { secretKey, secret } of keys) {
      const print = known.get(`${namespace}/${target}`)?.keys[secretKey];
      if (print?.looksLike !== "value" || print.lengthInCharacters < shortestComparedLength) continue;
      holders.set(print.digest, (holders.get(print.digest) ?? new Set()).add(secret));
    }
  }
  return [...holders.values()]
    .filter((names) => names.size > 1)
    .map((names) => {
      const secrets = [...names].toSorted();
      const [name = ""] = secrets;
      return {
        code: "values-equal",
        where: secrets.join(", "),
        seen: "their values are one and the same",
        secrets,
        name,
      };
    });
}
