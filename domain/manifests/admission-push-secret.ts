import { authorities } from "../catalogue/catalogue.ts";
import { conditions } from "../catalogue/authority.ts";
import { normalise, pathIn } from "../names.ts";
import {
  admissionPolicy,
  carriedPaths,
  must,
  ownerOf,
  ownersVariable,
  type GuardedStack,
  fieldsOf,
  literal,
  normalised,
  presentFields,
  setOf,
  withoutMount,
} from "./admission-policy.ts";
import { pushSecretFields } from "./secret-fields.ts";

const rulesOf = {
  write: "authority-wrong-writer, authority-cluster-managed, authority-not-in-catalogue, authority-mirror-read",
  source: "authority-wrong-writer, authority-cluster-managed, authority-not-in-catalogue",
  pushAll: "authority-push-all",
  replace: "authority-push-replace",
  property: "authority-push-property",
  keep: "authority-push-keep",
} as const;

/**
 * Refuses a PushSecret that would make Vault the authority over a cluster's secret, or write what is not its to write: a
 * mirror replaces what is there, and nothing reads it back.
 */
export function pushSecretPolicy({ name, catalogue, vault }: GuardedStack) {
  const mirrored = authorities.filter((authority) => conditions["vault-by-others"][authority] === "as-mirror");
  const declared = Object.values(catalogue.inClusterDeliveries).flatMap(({ keys }) => Object.values(keys));
  const read = [...carriedPaths(catalogue, name), ...declared.map((path) => normalise(pathIn(name, path)))];
  const isMirrored = (key: string) => `${ownerOf(key, catalogue)} in [${mirrored.map(literal).join(", ")}]`;
  const only = `only secrets of ${mirrored.join(", ")}`;
  return admissionPolicy(name, {
    apiVersion: "v1alpha1",
    resource: "pushsecrets",
    variables: [
      ownersVariable(catalogue),
      {
        name: "keys",
        expression: fieldsOf(pushSecretFields, ["written-path"], (key) => normalised(withoutMount(key, vault.mount))),
      },
      { name: "sources", expression: fieldsOf(pushSecretFields, ["cluster-secret"], normalised) },
      { name: "unnamed", expression: presentFields(pushSecretFields, "search", "generator", "bulk-write") },
      { name: "read", expression: setOf(read) },
      { name: "refused", expression: `variables.keys.filter(k, k in variables.read || !(${isMirrored("k")}))` },
      { name: "refusedSources", expression: `variables.sources.filter(k, !(${isMirrored("k")}))` },
    ],
    validations: [
      must("variables.refused.size() == 0", "it writes a secret that is not mirrored into Vault", {
        rules: rulesOf.write,
        detail: `'it may not write ' + variables.refused.map(k, k + ' (' + (k in variables.read ? 'an ExternalSecret reads it' : ${ownerOf("k", catalogue)}) + ')').join(', ') + '; ${only} that no ExternalSecret reads are mirrored'`,
      }),
      must("variables.refusedSources.size() == 0", "it pushes a Secret that is not mirrored into Vault", {
        rules: rulesOf.source,
        detail: `'it may not push the Secret ' + variables.refusedSources.map(k, k + ' (' + ${ownerOf("k", catalogue)} + ')').join(', ') + '; ${only} are mirrored'`,
      }),
      must("variables.unnamed.size() == 0", "it pushes what it does not name", {
        rules: rulesOf.pushAll,
        detail: `variables.unnamed.join(', ') + ' pushes what no field names; name the Secret in selector.secret.name and each key under data'`,
      }),
      must(
        "object.spec.?updatePolicy.orValue('Replace') == 'Replace'",
        "updatePolicy IfNotExists makes Vault the authority over a secret of the cluster; set Replace",
        { rules: rulesOf.replace },
      ),
      must(
        "object.spec.?data.orValue([]).all(d, d.match.remoteRef.?property.orValue('') == 'value')",
        "every remoteRef needs property: value",
        { rules: rulesOf.property },
      ),
      must(
        "object.spec.?data.orValue([]).all(d, d.match.?secretKey.orValue('') != '')",
        "every entry of data needs match.secretKey; without it every key of the Secret is pushed",
        { rules: rulesOf.pushAll },
      ),
      must(
        "object.spec.?deletionPolicy.orValue('None') == 'None'",
        "deletionPolicy Delete deletes the copy in Vault with the PushSecret; set None",
        { rules: rulesOf.keep },
      ),
    ],
  });
}
