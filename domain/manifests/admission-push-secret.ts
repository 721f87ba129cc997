import { authorities } from "../catalogue/catalogue.ts";
import { conditions } from "../catalogue/authority.ts";
import { normalise, pathIn } from "../names.ts";
import * as cel from "./admission-policy.ts";
import { pushSecretFields } from "./secret-fields.ts";

/** Refuses a PushSecret that is not a mirror: one that replaces what is there, and that nothing reads back. */
export function pushSecretPolicy({ name, catalogue, vault }: cel.GuardedStack) {
  const { fieldsOf, must, normalised, ownerOf } = cel;
  const mirrored = authorities.filter((authority) => conditions["vault-by-others"][authority] === "as-mirror");
  const declared = Object.values(catalogue.inClusterDeliveries).flatMap(({ keys }) => Object.values(keys));
  const read = [...cel.carriedPaths(catalogue, name), ...declared.map((path) => normalise(pathIn(name, path)))];
  const owner = ownerOf("k", catalogue);
  const isMirrored = `${owner} in [${mirrored.map(cel.literal).join(", ")}]`;
  const only = `only secrets of ${mirrored.join(", ")}`;
  const writeRules = "authority-wrong-writer, authority-cluster-managed, authority-not-in-catalogue";
  return cel.admissionPolicy(name, {
    apiVersion: "v1alpha1",
    resource: "pushsecrets",
    variables: {
      owners: cel.ownersVariable(catalogue),
      keys: fieldsOf(pushSecretFields, ["written-path"], (key) => normalised(cel.withoutMount(key, vault.mount))),
      sources: fieldsOf(pushSecretFields, ["cluster-secret"], normalised),
      unnamed: cel.presentFields(pushSecretFields, "search", "generator", "bulk-write"),
      read: cel.setOf(read),
      refused: `variables.keys.filter(k, k in variables.read || !(${isMirrored}))`,
      refusedSources: `variables.sources.filter(k, !(${isMirrored}))`,
    },
    validations: [
      must(
        `${writeRules}, authority-mirror-read`,
        "variables.refused.size() == 0",
        "it writes a secret that is not mirrored into Vault",
        `'it may not write ' + variables.refused.map(k, k + ' (' + (k in variables.read ? 'an ExternalSecret reads it' : ${owner}) + ')').join(', ') + '; ${only} that no ExternalSecret reads are mirrored'`,
      ),
      must(
        writeRules,
        "variables.refusedSources.size() == 0",
        "it pushes a Secret that is not mirrored into Vault",
        `'it may not push the Secret ' + variables.refusedSources.map(k, k + ' (' + ${owner} + ')').join(', ') + '; ${only} are mirrored'`,
      ),
      must(
        "authority-push-all",
        "variables.unnamed.size() == 0",
        "it pushes keys that it does not name",
        `variables.unnamed.join(', ') + ' pushes keys that it does not name; name the Secret in selector.secret.name and each key under data'`,
      ),
      must(
        "authority-push-replace",
        "object.spec.?updatePolicy.orValue('Replace') == 'Replace'",
        "updatePolicy IfNotExists makes Vault the authority over a secret of the cluster; set Replace",
      ),
      must(
        "authority-push-property",
        "object.spec.?data.orValue([]).all(d, d.match.remoteRef.?property.orValue('') == 'value')",
        "every remoteRef needs property: value",
      ),
      must(
        "authority-push-all",
        "object.spec.?data.orValue([]).all(d, d.match.?secretKey.orValue('') != '')",
        "every entry of data needs match.secretKey; without it every key of the Secret is pushed",
      ),
      must(
        "authority-push-keep",
        "object.spec.?deletionPolicy.orValue('None') == 'None'",
        "deletionPolicy Delete deletes the copy in Vault with the PushSecret; set None",
      ),
    ],
  });
}
