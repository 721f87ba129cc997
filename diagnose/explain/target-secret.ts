import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import { named, valuesOf, type Fingerprint, type SecretState } from "../snapshot.ts";
import {
  describeLooks,
  isExplained,
  isUnreal,
  reportAt,
  secretsIn,
  type Report,
  type Rule,
  type Sighting,
  type View,
} from "./view.ts";
import { tooShort } from "./vault.ts";

const managedBy = "app.kubernetes.io/managed-by";
/** Shorter values are names and flags, and equal by chance. */
const shortestComparedLength = 16;

export const explainTargetSecret: Rule = (view) =>
  view.snapshot.secrets.ok
    ? [...view.expected.plan.deliveries.flatMap((delivery) => ofDelivery(view, delivery)), ...ofEqualValues(view)]
    : [];

function ofDelivery(view: View, delivery: PlannedDelivery): readonly Sighting[] {
  const { namespace, target, keys } = delivery;
  const found = named(view.snapshot.secrets, { namespace, name: target });
  const live = named(view.snapshot.externalSecrets, delivery);
  const about = { secrets: secretsIn(delivery), name: target, namespace };
  const report = reportAt(`Secret ${namespace}/${target}`, about);
  if (found === undefined) {
    if (live?.ready?.status !== "True") return [];
    const kind = live.targetKind;
    const instead = kind === undefined ? "" : `, and writes a ${kind} instead (target.manifest)`;
    return report("target-secret-missing", `not found, while its ExternalSecret is Ready${instead}`);
  }
  const { creationPolicy = "Owner" } = live ?? {};
  const differences = differencesOf(delivery, found, found.owner?.startsWith("ExternalSecret/") === true);
  // why its ExternalSecret does not own it
  if (found.owner === undefined && creationPolicy !== "Owner")
    differences.push(`creationPolicy is ${creationPolicy}, expected Owner`);
  if (differences.length > 0) return report("target-secret-differs", differences.join("; "));
  if (delivery.type === "kubernetes.io/dockerconfigjson" && isMalformed(found)) {
    return report("pull-secret-malformed", "`.dockerconfigjson` holds no registry with user name and password");
  }
  return keys.flatMap((key) => ofKey(view, key, found.keys[key.secretKey], report));
}

function ofKey(
  view: View,
  { secretKey, secret, vaultPath }: PlannedDelivery["keys"][number],
  print: Fingerprint | undefined,
  report: Report,
): readonly Sighting[] {
  if (print === undefined) return [];
  const { looksLike: looks } = print;
  const secrets = [secret];
  if (isUnreal(looks, view.expected)) {
    if (isExplained(view, secret)) return [];
    const code = looks === "template" ? "external-secret-template" : "target-holds-placeholder";
    return report(code, `${secretKey} is ${describeLooks(looks)}`, { secrets });
  }
  const short = tooShort(view, secret, print);
  const inVault = valuesOf(view.snapshot.vault.secrets).find(({ path }) => path === vaultPath);
  // a Secret that has the better value of the two is not behind: a resync would spread what is wrong in Vault
  const isBehind =
    inVault?.fingerprint !== undefined && inVault.fingerprint.digest !== print.digest && !isExplained(view, secret);
  return [
    ...(short === undefined ? [] : report("value-too-short", short, { secrets })),
    ...(isBehind
      ? report("target-secret-behind", `${secretKey} differs from version ${inVault.version} in Vault`, { secrets })
      : []),
  ];
}

export function wantedKeys({ type, keys }: PlannedDelivery): readonly string[] {
  return type === "Opaque" ? keys.map(({ secretKey }) => secretKey) : [".dockerconfigjson"];
}

/** How a Secret differs from what its delivery declares, each difference as a text. */
export function differencesOf(delivery: PlannedDelivery, found: SecretState, isOwned: boolean): string[] {
  const { owner = "none", labels } = found;
  const label = labels[managedBy];
  const { type } = delivery;
  const lacking = wantedKeys(delivery).filter((key) => found.keys[key] === undefined);
  return [
    ...(found.type === type ? [] : [`type is ${found.type}, expected ${type}`]),
    ...(lacking.length === 0 ? [] : [`lacks ${lacking.join(", ")}`]),
    ...(label === undefined ? [`lacks the label ${managedBy}`] : []),
    ...(label === undefined || label === "external-secrets" ? [] : [`label ${managedBy} is ${label}`]),
    ...(isOwned ? [] : [`owner is ${owner}, expected its ExternalSecret`]),
  ];
}

function isMalformed({ keys }: SecretState): boolean {
  const [whole, username, password] = [".dockerconfigjson", "username", "password"].map((key) => keys[key]?.looksLike);
  return whole !== "empty" && username === "empty" && password === "empty";
}

/** One token in two slots: the first rotation of one breaks the other. */
function ofEqualValues({ snapshot, expected }: View): readonly Sighting[] {
  const holders = expected.plan.deliveries.flatMap(({ namespace, target, keys }) => {
    const found = named(snapshot.secrets, { namespace, name: target });
    return keys.map(({ secretKey, secret }) => ({ secret, print: found?.keys[secretKey] }));
  });
  const long = holders.filter(
    ({ print }) => print?.looksLike === "value" && print.lengthInCharacters >= shortestComparedLength,
  );
  return [...Map.groupBy(long, ({ print }) => print?.digest).values()].flatMap((equal) => {
    const secrets = [...new Set(equal.map(({ secret }) => secret))].toSorted();
    const [name = ""] = secrets;
    const report = reportAt(secrets.join(", "), { secrets, name });
    return secrets.length > 1 ? report("values-equal", "their values are identical") : [];
  });
}
