import { existsIn, authorities } from "../catalogue/catalogue.ts";
import { declaredDeliveries, namespacesIn } from "../catalogue/deliveries.ts";
import { ownedNames } from "../catalogue/lookup.ts";
import { conditions } from "../catalogue/authority.ts";
import { normalise, pathIn } from "../names.ts";
import * as cel from "./admission-policy.ts";
import { dataFromMembers, externalSecretFields } from "./secret-fields.ts";

const targetName = "(object.spec.?target.?name.orValue('') != '' ? object.spec.target.name : object.metadata.name)";
const templateData = cel.optional("object.spec", "target.template.data");
const refresh = "duration(object.spec.?refreshInterval.orValue('1h'))";
const fetchRules =
  "authority-cluster-managed, authority-undeclared-delivery, authority-not-in-catalogue, authority-retired";

/**
 * Refuses what the catalogue or the pack does not allow: `authority.ts` has the rules, `secret-fields.ts` the fields.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function externalSecretPolicy(stack: cel.GuardedStack) {
  const { literal, must, normalised, optional, setOf } = cel;
  const { name, catalogue, vault } = stack;
  const never = authorities.filter((authority) => conditions["target-secret"][authority] !== "always");
  const owner = (of: string) => cel.ownerOf(of, catalogue);
  const { exact } = ownedNames(catalogue);
  // secrets that hold external secrets only, and may be copied as these may be fetched
  const copyable = exact.filter(({ authority }) => authority === "external");
  // names that the catalogue knows and that no controller owns as a Secret
  const free = exact.filter(({ kind }) => kind === "secret" || kind === "delivery");
  const deliveries = deliveriesHere(stack);
  const merging = deliveries.filter(({ creationPolicy }) => creationPolicy === "Merge");
  const refusals = (list: string) => `variables.${list}.map(k, k + ' (' + ${owner("k")} + ')').join(', ')`;
  const askedFor = (key: string, entry: string) =>
    `{'key': ${normalised(cel.withoutMount(key, vault.mount))}, 'into': string(${entry}.?secretKey.orValue(''))}`;
  return cel.admissionPolicy(name, {
    apiVersion: "v1",
    resource: "externalsecrets",
    variables: {
      owners: cel.ownersVariable(catalogue),
      target: targetName,
      targetKey: normalised("variables.target"),
      delivery: "request.namespace + ' ' + object.metadata.name + ' ' + variables.target",
      asked: cel.fieldsOf(externalSecretFields, ["vault-path"], askedFor),
      copied: cel.fieldsOf(externalSecretFields, ["cluster-secret"], normalised),
      unnamed: cel.presentFields(externalSecretFields, "search", "generator"),
      carried: setOf(cel.carriedPaths(catalogue, name)),
      copyable: setOf(copyable.map((one) => one.name)),
      declared: setOf(deliveries.flatMap(({ id, reads }) => [id, ...reads])),
      isDeclared: "variables.delivery in variables.declared",
      creationPolicy: `variables.delivery in ${setOf(merging.map(({ id }) => id))} ? 'Merge' : 'Owner'`,
      makers: cel.mapOf(deliveries.map(({ target, externalSecret }) => [target, literal(externalSecret)] as const)),
      maker: "variables.makers[?request.namespace + ' ' + variables.target].orValue(object.metadata.name)",
      refused:
        "variables.asked.filter(a, !(a.key in variables.carried) && !((variables.delivery + ' ' + a.into + ' ' + a.key) in variables.declared) && !((variables.delivery + ' * ' + a.key) in variables.declared)).map(a, a.key)",
      refusedCopies: "variables.copied.filter(k, !(k in variables.copyable))",
      ours: setOf(free.map((one) => one.name)),
      takesOver: `!variables.isDeclared && !(variables.targetKey in variables.ours) && ${owner("variables.targetKey")} in [${never.map(literal).join(", ")}]`,
      texts: `${templateData}.orValue({}).map(k, object.spec.target.template.data[k])`,
      text: "variables.texts.join(' ')",
    },
    validations: [
      must(
        fetchRules,
        "variables.refused.size() == 0",
        "it fetches a secret that no ExternalSecret may fetch",
        `'it may not fetch ' + ${refusals("refused")} + '; remove the key, or declare the delivery in environments/catalogue.yaml'`,
      ),
      must(
        fetchRules,
        "variables.refusedCopies.size() == 0",
        "its template copies a Secret that no ExternalSecret may copy",
        `'its template may not copy the Secret ' + ${refusals("refusedCopies")} + '; fetch what it needs under data'`,
      ),
      must(
        "authority-cluster-managed, authority-undeclared-delivery",
        "!variables.takesOver",
        "its target is the Secret of another controller",
        `'its target ' + variables.target + ' (' + ${owner("variables.targetKey")} + ') is the Secret of another controller; choose another name'`,
      ),
      must(
        "authority-declared-target",
        "variables.maker == object.metadata.name",
        "its target belongs to another ExternalSecret",
        `'its target ' + variables.target + ' belongs to the ExternalSecret ' + variables.maker + '; choose another name'`,
      ),
      must(
        "delivery-find",
        "variables.unnamed.size() == 0",
        "it fetches keys that it does not name",
        `variables.unnamed.join(', ') + ' fetches keys that it does not name; list each key under data'`,
      ),
      must(
        "delivery-find",
        `object.spec.?dataFrom.orValue([]).all(e, ${dataFromMembers.map((member) => `(${optional("e", member)}.hasValue() ? 1 : 0)`).join(" + ")} <= 1)`,
        `an entry of dataFrom has more than one of ${dataFromMembers.join(", ")}; keep one`,
      ),
      must(
        "delivery-target-kind",
        `${cel.presentFields(externalSecretFields, "other-kind")}.size() == 0`,
        "target.manifest writes values into another kind of object; remove it",
      ),
      must(
        "delivery-policies",
        "object.spec.?target.?creationPolicy.orValue('Owner') == variables.creationPolicy && object.spec.?target.?deletionPolicy.orValue('Retain') == 'Retain'",
        "set creationPolicy: Owner, or Merge where the catalogue declares it, and deletionPolicy: Retain",
        "'set creationPolicy: ' + variables.creationPolicy + ' and deletionPolicy: Retain'",
      ),
      must(
        "delivery-property",
        "object.spec.?data.orValue([]).all(d, d.remoteRef.?property.orValue('') == 'value')",
        "every remoteRef needs property: value",
      ),
      must(
        "delivery-refresh",
        `object.spec.?refreshPolicy.orValue('') in ['CreatedOnce', 'OnChange'] || ${refresh} >= duration('60s')`,
        "refreshInterval must be at least 60s",
      ),
      // what Keycloak or a service rotates; in dev and local the rule is advisory too
      ...(name === "dev" || name === "local"
        ? []
        : [
            must(
              "delivery-refresh-rotated",
              `${refresh} <= duration('15m') || variables.asked.all(a, !(${owner("a.key")} in ['keycloak', 'service']))`,
              "it reads a secret that its owner rotates; set refreshInterval to 15m or less",
            ),
          ]),
      must(
        "delivery-docker-config",
        `object.spec.?target.?template.?type.orValue('') != 'kubernetes.io/dockerconfigjson' || (${templateData}[?'.dockerconfigjson'].orValue('').contains('"auths"') && object.spec.?data.orValue([]).filter(d, object.spec.target.template.data['.dockerconfigjson'].contains('.' + d.secretKey)).size() >= 2)`,
        "a pull secret composes .dockerconfigjson in its template from user name and token",
      ),
      must(
        "delivery-merge",
        "object.spec.?target.?template.?mergePolicy.orValue('Replace') == 'Merge' || variables.texts.size() == 0 || object.spec.?data.orValue([]).all(d, variables.text.contains(d.secretKey))",
        "its template drops fetched keys; set target.template.mergePolicy: Merge",
      ),
    ],
  });
}

/**
 * What the catalogue lets exactly one delivery do in each namespace, ours or an in-cluster one.
 * @returns for each: `id`, `<namespace> <ExternalSecret> <target>`, which says that it is declared; `reads`, an entry for
 *   each path that it may fetch, `<id> <key in the target> <path>`, with `*` as the key where the catalogue leaves it open;
 *   `target`, `<namespace> <target>`.
 */
function deliveriesHere({ name: environment, plan, catalogue }: cel.GuardedStack) {
  const everywhere = [...new Set(plan.stores.map(({ namespace }) => namespace))];
  return declaredDeliveries(catalogue)
    .filter((declared) => existsIn(declared, environment))
    .flatMap(({ target, externalSecret, creationPolicy, keysAreDeclared, ...declared }) => {
      const namespaces = declared.anyNamespace ? everywhere : namespacesIn(declared.namespaces, plan.namespace);
      return namespaces.map((namespace) => {
        const id = `${namespace} ${externalSecret} ${target}`;
        const reads = [...declared.paths].map(
          ([key, path]) => `${id} ${keysAreDeclared ? key : "*"} ${normalise(pathIn(environment, path))}`,
        );
        return { target: `${namespace} ${target}`, externalSecret, creationPolicy, id, reads };
      });
    });
}
