import type { PlannedSecret } from "../../domain/plan/environment.ts";
import type { Fingerprint, VaultSecretState } from "../snapshot.ts";
import type { CauseCode } from "../causes.ts";
import { isExplained, type Rule, type Sighting, type View } from "./view.ts";

/** The content of Vault: nothing, a placeholder, another field. */
export const explainVaultSecrets: Rule = (view) => {
  const { secrets } = view.snapshot.vault;
  const states = new Map((secrets.ok ? secrets.value : []).map((state) => [state.path, state]));
  return view.expected.plan.secrets.flatMap((secret) => ofSecret(view, secret, states.get(secret.vaultPath)));
};

function ofSecret(view: View, secret: PlannedSecret, state: VaultSecretState | undefined): readonly Sighting[] {
  if (state === undefined) return [];
  const { expected } = view;
  const { name, vaultPath } = secret;
  const where = `Vault ${expected.vault.mount}/${vaultPath}`;
  const sighting = (code: CauseCode, seen: string): readonly Sighting[] => [
    { code, where, seen, secrets: [name], name },
  ];
  if (state.state !== "live") {
    const delivered = expected.plan.deliveries.some(({ keys }) => keys.some((key) => key.secret === name));
    if ((!secret.required && !delivered) || isExplained(view, name)) return [];
    return sighting(
      "vault-path-missing",
      state.state === "absent" ? "nothing was ever written" : "the latest version was deleted",
    );
  }
  if (state.hasValueField === false) return sighting("vault-value-field-missing", "its data has no field `value`");
  const looks = state.fingerprint?.looksLike;
  if (looks !== undefined && isUnreal(looks, expected.strictness.fixturesAllowed, expected.name === "local")) {
    return sighting(
      "vault-holds-placeholder",
      `version ${state.version} is ${looks === "empty" ? "empty" : `a ${looks}`}`,
    );
  }
  const short = state.fingerprint === undefined ? undefined : tooShort(view, name, state.fingerprint);
  return short === undefined ? [] : sighting("value-too-short", short);
}

/** How a value is shorter than the catalogue says that its consumer needs; `undefined` where it is not. */
export function tooShort({ expected }: View, secret: string, { lengthInCharacters }: Fingerprint): string | undefined {
  const entry = expected.catalogue.secrets[secret];
  const wanted = entry?.authority === "external" ? entry.minLengthInCharacters : undefined;
  if (wanted === undefined || lengthInCharacters >= wanted) return undefined;
  return `${secret} has ${lengthInCharacters} characters, wanted ${wanted}`;
}

/** Fixtures are allowed if there is no other value, in dev and local; samples of `.env.example` only in local. */
export function isUnreal(looks: Fingerprint["looksLike"], fixturesAllowed: boolean, isLocal: boolean): boolean {
  if (looks === "placeholder" || looks === "template" || looks === "empty") return true;
  if (looks === "fixture") return !fixturesAllowed;
  return looks === "sample" && !isLocal;
}
