import { classifyKey, isOwnedInCluster } from "./authority-verdicts.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { RuleTable, Violations } from "./rule.ts";
import { onlyRead, tryText, type Kind, type Subject } from "./subject/subject.ts";

/** Inputs that hold values, by kind; `undefined` for a kind with values in any input. */
const valueInputs: Partial<Record<Kind, readonly string[] | undefined>> = {
  KeyVaultSecret: ["properties", "value", "valueWo"],
  VaultSecret: ["data", "dataJson", "dataJsonWo"],
  Secret: ["data", "stringData"],
  ConfigMap: ["data", "binaryData"],
  OpaqueWriter: undefined,
  UnknownType: undefined,
};

/** The cluster-managed Secret that a value comes from, or a resource that the engine does not show. */
type Origin = Subject | typeof onlyRead;

export const authorityCopyRules = {
  "authority-copied-value": {
    severity: "critical",
    description: "No value is copied from a cluster-managed Secret, whatever name the copy gets.",
    why: "A program read a database password from CNPG's Secret and wrote it to Key Vault under an allowed name.",
    remediation: "Remove the copy; let the consumer read the owner's own Secret in the cluster.",
    references: ["P12"],
    kinds: Object.keys(valueInputs) as Kind[],
    judgeAll(subjects, { catalogue }) {
      const byId = new Map(subjects.map((subject) => [subject.id, subject]));
      const known = new Map<string, Origin | undefined>([[onlyRead, onlyRead]]);
      const originOf = (id: string): Origin | undefined => {
        if (known.has(id)) return known.get(id);
        known.set(id, undefined); // ends a cycle of dependencies
        const subject = byId.get(id);
        const origin = subject && (isOwner(subject, catalogue) ? subject : inputsOf(subject)[0]?.origin);
        known.set(id, origin);
        return origin;
      };
      /** Inputs with values of a cluster-managed or unknown origin. */
      const inputsOf = ({ kind, options }: Subject): readonly { readonly input: string; readonly origin: Origin }[] =>
        [...(options?.inputsFrom ?? [])].flatMap(([input, from]) => {
          if (valueInputs[kind]?.includes(input) === false) return [];
          const origin = from.map(originOf).find((one) => one !== undefined);
          return origin === undefined ? [] : [{ input, origin }];
        });
      return (
        subjects
          // authority-opaque-writer and authority-unknown-type refuse these; here they only pass values on
          .filter(({ kind }) => kind !== "OpaqueWriter" && kind !== "UnknownType")
          .filter((subject) => !isOwner(subject, catalogue))
          .map((subject) => inputsOf(subject).map(({ input, origin }) => judgeInput(subject, input, origin)))
      );
    },
  },
} satisfies RuleTable;

function judgeInput(subject: Subject, input: string, origin: Origin): Violations {
  const path = [input];
  if (origin !== onlyRead) {
    return { subject, path, problem: `comes from ${origin.label}, which a controller in the cluster owns` };
  }
  // programs read settings of other stacks all the time, but a value for Key Vault or Vault must come from .env
  if (subject.kind !== "KeyVaultSecret" && subject.kind !== "VaultSecret") return [];
  const problem = `comes from ${onlyRead}, and the engine does not say which`;
  return { subject, path, problem, fix: "take the value from .env: ameide-secrets env push" };
}

/** Whether the subject itself is a cluster-managed Secret, by its name. */
function isOwner({ kind, object }: Subject, catalogue: Catalogue): boolean {
  if (kind !== "Secret" && kind !== "VaultSecret") return false;
  const name = tryText(object, "metadata", "name") ?? tryText(object, "path") ?? tryText(object, "name");
  return name !== undefined && isOwnedInCluster(classifyKey(catalogue, name));
}
