import { ownNamespace, type Catalogue, existsIn } from "../catalogue/catalogue.ts";
import { classify } from "../catalogue/lookup.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { normalise } from "../names.ts";
import { repeated } from "../repeated.ts";
import { checkAuthority } from "../catalogue/authority.ts";
import type { ChainPlan, Strictness } from "./environment.ts";
import type { EnvironmentName, Stage } from "../stage.ts";

/** What is wrong with one environment's plan: two things in one place, and deliveries that cannot arrive. */
export function checkPlan(plan: ChainPlan): readonly Finding[] {
  const { secrets, deliveries } = plan;
  const file = "environments/catalogue.yaml";
  return [
    ...repeated(secrets, ({ keyVaultName }) => keyVaultName).map(([at, first, second]) => {
      const problem = `${first.name} and ${second.name} are both stored as ${at} in Key Vault`;
      const fix = `give one of them another keyVault in ${file}`;
      return errorFinding("plan-key-vault-name-twice", "key-vault", at, problem, fix);
    }),
    ...repeated(secrets, ({ vaultPath }) => vaultPath).map(([at, first, second]) => {
      const problem = `${first.name} and ${second.name} are both stored at ${at} in Vault`;
      return errorFinding(
        "plan-vault-path-twice",
        "vault",
        at,
        problem,
        `give one of them another vault path in ${file}`,
      );
    }),
    ...repeated(deliveries, ({ namespace, target }) => `${namespace}/${target}`).map(([at, first, second]) => {
      const problem = `${first.name} and ${second.name} both create the Secret ${at}`;
      return errorFinding("plan-target-twice", "external-secret", at, problem, `keep one of the two in ${file}`);
    }),
    ...repeated(deliveries, ({ namespace, name }) => `${namespace}/${name}`).map(([at, first, second]) => {
      const problem = `the ExternalSecret ${at} creates both ${first.target} and ${second.target}`;
      const fix = `give one of them another externalSecret in ${file}`;
      return errorFinding("plan-external-secret-twice", "external-secret", at, problem, fix);
    }),
    ...unreachable(plan),
  ];
}

function unreachable({ stores, deliveries, secrets }: ChainPlan): readonly Finding[] {
  const namespaces = new Set(stores.map(({ namespace }) => namespace));
  const written = new Set(secrets.map(({ vaultPath }) => vaultPath));
  return deliveries.flatMap(({ name, namespace, keys }) => {
    const found: Finding[] = [];
    const where = `${namespace}/${name}`;
    if (!namespaces.has(namespace)) {
      const problem = `${where} is in a namespace without a store`;
      const fix = `add ${namespace} to additionalNamespaces of the stack's settings`;
      found.push(errorFinding("plan-no-store", "secret-store", where, problem, fix));
    }
    for (const { secret, vaultPath } of keys.filter((key) => !written.has(key.vaultPath))) {
      const problem = `${where} reads ${secret}, but nothing writes ${vaultPath} to Vault`;
      const fix = "correct its environments in environments/catalogue.yaml";
      found.push(errorFinding("plan-no-source", "external-secret", where, problem, fix));
    }
    return found;
  });
}

/** Namespaces that the catalogue lets read secrets, without a store here: another environment's stack may create it. */
export function namespacesWithoutStore(catalogue: Catalogue, plan: ChainPlan): readonly Finding[] {
  const served = new Set([ownNamespace, ...plan.stores.map(({ namespace }) => namespace)]);
  const { secrets, deliveries, inClusterDeliveries } = catalogue;
  const entries = [secrets, deliveries, inClusterDeliveries].flatMap((section) => Object.values<Reader>(section));
  const readers = entries
    .filter((entry) => existsIn(entry, plan.environment))
    .flatMap(({ consumers = [], namespaces = [] }) => [...consumers, ...namespaces]);
  const names = [...new Set(readers)].filter((namespace) => !served.has(namespace)).toSorted();
  if (names.length === 0) return [];
  const problem = `${plan.environment} creates no store in ${names.join(", ")}, although the catalogue lets it read secrets`;
  const fix = "nothing to do if another stack creates it; otherwise add the namespace to additionalNamespaces";
  const finding = errorFinding("plan-reader-without-store", "secret-store", names.join(", "), problem, fix);
  return [{ ...finding, severity: "note" }];
}

interface Reader {
  readonly environments?: EnvironmentName[] | undefined;
  readonly consumers?: string[] | undefined;
  readonly namespaces?: string[] | undefined;
}

/** Extra copies in Vault (document 451's `mappedSecrets`): vault-bootstrap writes them, so the same authorities are allowed. */
export function checkMappedSecrets(
  mapped: readonly { readonly from: string; readonly to: string }[],
  catalogue: Catalogue,
  plan: ChainPlan,
): readonly Finding[] {
  const external = plan.secrets.filter(({ authority }) => authority === "external");
  const sources = new Set(external.flatMap(({ name, keyVaultName = name }) => [name, keyVaultName]));
  const taken = new Map(plan.secrets.map(({ name, vaultPath }) => [normalise(vaultPath), name]));
  return mapped.flatMap(({ from, to }, index) => {
    const subject = `bootstrap.mappedSecrets[${index}]`;
    const found: Finding[] = [];
    if (!sources.has(from)) {
      const problem = `${subject} copies ${from}, which is not an external secret`;
      const fix = "use an external secret of the catalogue";
      found.push(errorFinding("mapped-source-unknown", "bootstrap", subject, problem, fix));
    }
    const owner = taken.get(normalise(to));
    const check = checkAuthority("vault-by-bootstrap", classify(catalogue, to).authority);
    if (owner !== undefined) {
      const problem = `${subject} copies ${from} to ${to}, where ${owner} is stored`;
      found.push(errorFinding("mapped-target-taken", "vault", subject, problem, "choose another path"));
    } else if (!check.ok) {
      const problem = `${subject} copies ${from} to ${to}: ${check.reason}`;
      found.push(errorFinding("mapped-target-refused", "vault", subject, problem, check.fix));
    }
    return found;
  });
}

/** Values that are allowed in some environments only: stage, key, value, where it is allowed, and why only there. */
const restrictions: readonly (readonly [Stage, keyof Strictness, unknown, readonly EnvironmentName[], string])[] = [
  [
    "vault",
    "vaultAuth",
    "outside-pod",
    ["local"],
    "only in local, where Vault runs outside the cluster, consumers review their own tokens",
  ],
  ["bootstrap", "fixturesAllowed", true, ["dev", "local"], "fixtures are for dev and local only"],
  ["key-vault", "protect", false, ["local"], "only the resources of local may be thrown away"],
  [
    "secret-store",
    "makesNamespaces",
    true,
    ["local"],
    "namespaces exist already everywhere but in local, and this program does not own them",
  ],
  [
    "bootstrap",
    "initialise",
    true,
    ["dev", "staging", "local"],
    "production's Vault is set up once, in a ceremony, and never automatically",
  ],
  [
    "bootstrap",
    "rootToken",
    "stored",
    ["dev", "local"],
    "a root token never expires: generate it with the unseal key when you need it, and store it in dev and local only",
  ],
];

/** What `environments/<name>.ts` sets although this environment must not have it. */
export function checkStrictness(name: EnvironmentName, strictness: Strictness): readonly Finding[] {
  const refuse = (stage: Stage, key: keyof Strictness, reason: string): Finding => {
    const file = `environments/${name}.ts`;
    const problem = `${key} ${JSON.stringify(strictness[key])} is not allowed in ${name}: ${reason}`;
    return errorFinding("strictness-not-allowed", stage, key, problem, `change ${key} in ${file}`, file);
  };
  const found = restrictions
    .filter(([, key, value, allowedIn]) => strictness[key] === value && !allowedIn.includes(name))
    .map(([stage, key, , , reason]) => refuse(stage, key, reason));
  if (strictness.refreshIntervalInSeconds >= 60) return found;
  const reason = "less than a minute asks Vault more often than vault-bootstrap writes";
  return [...found, refuse("external-secret", "refreshIntervalInSeconds", reason)];
}
