import { valuesOf, type Fingerprint } from "../snapshot.ts";
import {
  deliveriesOf,
  describeLooks,
  isExplained,
  isUnreal,
  reportAt,
  type Rule,
  type Sighting,
  type View,
} from "./view.ts";

/** The content of Vault: nothing, a placeholder, another field, a value that is too short. */
export const explainVaultSecrets: Rule = (view) => {
  const { snapshot, expected } = view;
  const states = new Map(valuesOf(snapshot.vault.secrets).map((state) => [state.path, state]));
  return expected.plan.secrets.flatMap(({ name, vaultPath, required }): readonly Sighting[] => {
    const state = states.get(vaultPath);
    if (state === undefined) return [];
    const report = reportAt(`Vault ${expected.vault.mount}/${vaultPath}`, { secrets: [name], name });
    if (state.state !== "live") {
      if ((!required && deliveriesOf(expected, name).length === 0) || isExplained(view, name)) return [];
      const seen = state.state === "absent" ? "nothing was ever written" : "the latest version was deleted";
      return report("vault-path-missing", seen);
    }
    if (state.hasValueField === false) return report("vault-value-field-missing", "its data has no field `value`");
    const { fingerprint: print, version } = state;
    if (print === undefined) return [];
    if (isUnreal(print.looksLike, expected)) {
      return report("vault-holds-placeholder", `version ${version} is ${describeLooks(print.looksLike)}`);
    }
    const short = tooShort(view, name, print);
    return short === undefined ? [] : report("value-too-short", short);
  });
};

/** How a value is shorter than the catalogue says that its consumer needs; `undefined` where it is not. */
export function tooShort({ expected }: View, secret: string, { lengthInCharacters }: Fingerprint): string | undefined {
  const entry = expected.catalogue.secrets[secret];
  const wanted = entry?.authority === "external" ? entry.minLengthInCharacters : undefined;
  if (wanted === undefined || lengthInCharacters >= wanted) return undefined;
  return `${secret} has ${lengthInCharacters} characters, wanted ${wanted}`;
}
