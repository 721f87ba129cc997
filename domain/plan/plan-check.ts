import { ownNamespace, type Catalogue, existsIn } from "../catalogue/catalogue.ts";
import { classify } from "../catalogue/lookup.ts";
import type { Finding } from "../finding.ts";
import { normalise } from "../names.ts";
import { checkAuthority } from "../catalogue/authority.ts";
import type { ChainPlan, Strictness } from "./environment.ts";
import type { EnvironmentName, Stage } from "../stage.ts";

/** What is wrong with one environment's plan: places that two things claim, and deliveries that cannot arrive. */
export function checkPlan(plan: ChainPlan): readonly Finding[] {
  return [
    ...twice(
      plan.secrets,
      ({ keyVaultName }) => keyVaultName,
      (name, [first, second]) =>
        error(
          "plan-key-vault-name-twice",
          "key-vault",
          name,
          `${first.name} and ${second.name} both lie at ${name} in Key Vault`,
          "give one of them another keyVault in environments/catalogue.yaml",
        ),
    ),
    ...twice(
      plan.secrets,
      ({ vaultPath }) => vaultPath,
      (path, [first, second]) =>
        error(
          "plan-vault-path-twice",
          "vault",
          path,
          `${first.name} and ${second.name} both lie at ${path} in Vault`,
          "give one of them another vault path in environments/catalogue.yaml",
        ),
    ),
    ...twice(
      plan.deliveries,
      ({ namespace, target }) => `${namespace}/${target}`,
      (where, [first, second]) =>
        error(
          "plan-target-twice",
          "external-secret",
          where,
          `${first.name} and ${second.name} both make the Secret ${where}`,
          "keep one of the two in environments/catalogue.yaml",
        ),
    ),
    ...twice(
      plan.deliveries,
      ({ namespace, name }) => `${namespace}/${name}`,
      (where, [first, second]) =>
        error(
          "plan-external-secret-twice",
          "external-secret",
          where,
          `the ExternalSecret ${where} makes both ${first.target} and ${second.target}`,
          "give one of them another externalSecret in environments/catalogue.yaml",
        ),
    ),
    ...unreachable(plan),
  ];
}

/** Deliveries to a namespace without a store, or of what the bootstrap does not carry. */
function unreachable({ stores, deliveries, secrets }: ChainPlan): readonly Finding[] {
  const namespaces = new Set(stores.map(({ namespace }) => namespace));
  const carried = new Set(secrets.map(({ vaultPath }) => vaultPath));
  return deliveries.flatMap(({ name, namespace, keys }) => {
    const found: Finding[] = [];
    const where = `${namespace}/${name}`;
    if (!namespaces.has(namespace)) {
      const fix = `add ${namespace} to additionalNamespaces of the stack's settings`;
      found.push(error("plan-no-store", "secret-store", where, `${where} goes to a namespace without a store`, fix));
    }
    for (const { secret, vaultPath } of keys) {
      if (carried.has(vaultPath)) continue;
      const problem = `${where} reads ${secret}, which nothing carries to ${vaultPath} in Vault`;
      found.push(
        error(
          "plan-no-source",
          "external-secret",
          where,
          problem,
          "correct its environments in environments/catalogue.yaml",
        ),
      );
    }
    return found;
  });
}

/**
 * Namespaces that the catalogue lets read something and in which this environment makes no store: ExternalSecrets of others
 * cannot work there (450), unless another environment's stack serves them.
 */
export function namespacesWithoutStore(catalogue: Catalogue, plan: ChainPlan): readonly Finding[] {
  const served = new Set([ownNamespace, ...plan.stores.map(({ namespace }) => namespace)]);
  const here = (entry: { readonly environments?: EnvironmentName[] | undefined }): boolean =>
    existsIn(entry, plan.environment);
  const readers = [
    ...Object.values(catalogue.secrets)
      .filter(here)
      .flatMap(({ consumers = [] }) => consumers),
    ...Object.values(catalogue.deliveries)
      .filter(here)
      .flatMap(({ namespaces = [] }) => namespaces),
    ...Object.values(catalogue.inClusterDeliveries)
      .filter(here)
      .flatMap(({ namespaces = [] }) => namespaces),
  ];
  const names = [...new Set(readers)].filter((namespace) => !served.has(namespace)).toSorted();
  if (names.length === 0) return [];
  return [
    {
      code: "plan-reader-without-store",
      stage: "secret-store",
      severity: "note",
      subject: names.join(", "),
      problem: `${plan.environment} makes no store in ${names.join(", ")}, which the catalogue lets read secrets`,
      fix: "nothing to do where another stack serves them; else add them to additionalNamespaces",
    },
  ];
}

/**
 * Extra copies from the source to paths in Vault (the seed's `mappedSecrets`): the bootstrap writes them, so they pass the
 * same door as everything that it writes.
 */
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
      const problem = `${subject} copies ${from}, which does not come from outside`;
      found.push(
        error("mapped-source-unknown", "bootstrap", subject, problem, "name an external secret of the catalogue"),
      );
    }
    const owner = taken.get(normalise(to));
    if (owner !== undefined) {
      const problem = `${subject} copies ${from} over ${to}, where ${owner} lies`;
      found.push(error("mapped-target-taken", "vault", subject, problem, "choose another path"));
      return found;
    }
    const verdict = checkAuthority("vault-by-bootstrap", classify(catalogue, to).authority);
    if (!verdict.ok) {
      found.push(
        error(
          "mapped-target-refused",
          "vault",
          subject,
          `${subject} copies ${from} to ${to}: ${verdict.reason}`,
          verdict.fix,
        ),
      );
    }
    return found;
  });
}

/** Items that share a key; each later one against the first. */
function twice<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | undefined,
  report: (key: string, both: readonly [Item, Item]) => Finding,
): readonly Finding[] {
  const first = new Map<string, Item>();
  return items.flatMap((item) => {
    const key = keyOf(item);
    if (key === undefined) return [];
    const other = first.get(key);
    if (other !== undefined) return [report(key, [other, item])];
    first.set(key, item);
    return [];
  });
}

function error(code: string, stage: Stage, subject: string, problem: string, fix: string): Finding {
  return { code, stage, severity: "error", subject, problem, fix };
}

/** Postures that are lawful in some environments only; what stands in `environments/<name>.ts` is held to it. */
export function checkStrictness(name: EnvironmentName, strictness: Strictness): readonly Finding[] {
  const rules: readonly (readonly [boolean, Stage, keyof Strictness, string])[] = [
    [
      strictness.vaultAuth === "outside-pod" && name !== "local",
      "vault",
      "vaultAuth",
      "consumers that review their own tokens are a deviation for a Vault beside the cluster, in local only",
    ],
    [
      strictness.fixturesAllowed && name !== "local" && name !== "dev",
      "bootstrap",
      "fixturesAllowed",
      "fixtures are for dev and local only (462)",
    ],
    [!strictness.protect && name !== "local", "key-vault", "protect", "only what local holds may be thrown away"],
    [
      strictness.makesNamespaces && name !== "local",
      "secret-store",
      "makesNamespaces",
      "namespaces exist already everywhere but in local, and belong to others",
    ],
    [
      strictness.initialise && name === "prod",
      "bootstrap",
      "initialise",
      "production's Vault is set up once, in a ceremony, and never by itself (362-v2)",
    ],
    [
      strictness.rootToken === "stored" && name !== "local" && name !== "dev",
      "bootstrap",
      "rootToken",
      "a root token has no end: it is generated with the unseal key when it is needed, and stored in dev and local only",
    ],
    [
      strictness.refreshIntervalInSeconds < 60,
      "external-secret",
      "refreshIntervalInSeconds",
      "less than a minute asks Vault more often than the bootstrap writes",
    ],
  ];
  return rules
    .filter(([broken]) => broken)
    .map(([, stage, key, reason]) => ({
      code: "strictness-not-allowed",
      stage,
      severity: "error",
      where: `environments/${name}.ts`,
      subject: key,
      problem: `${key} ${JSON.stringify(strictness[key])} is not allowed in ${name}: ${reason}`,
      fix: `change ${key} in environments/${name}.ts`,
    }));
}
