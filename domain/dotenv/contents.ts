import { isUnrendered } from "../catalogue/fixtures.ts";
import { characterRemarks } from "./characters.ts";
import type { Variable } from "./files.ts";
import type { Remark } from "./remark.ts";

/** Whatever a value contains that is stored as it is, though the writer had something else in mind. */
export function contentRemarks(variable: Variable, assigned: ReadonlySet<string>): readonly Remark[] {
  return [...encodingRemarks(variable), ...referenceRemarks(variable, assigned), ...characterRemarks(variable.value)];
}

/** Ciphertext of tools that encrypt values inside a file: dotenvx, SOPS, Jasypt, Spring, Ansible, Vault's transit engine. */
const ciphertext =
  /^(?:encrypted:\S+|ENC\[AES256_GCM,[^\]]*\]|ENC\(\S+\)|\{cipher\}\S+|\$ANSIBLE_VAULT;[^]*|vault:v\d+:[A-Za-z0-9+/=_-]+)$/;

function encodingRemarks({ value }: Variable): readonly Remark[] {
  const remarks: Remark[] = [];
  if (ciphertext.test(value)) {
    remarks.push({
      code: "dotenv-ciphertext",
      severity: "error",
      problem: "is encrypted; the ciphertext would be stored, and its consumer cannot decrypt it",
      fix: "decrypt the file with the tool that encrypted it, and give the decrypted file with --dotenv",
    });
  }
  if (value.includes("\uFFFD")) {
    remarks.push({
      code: "dotenv-not-utf8",
      severity: "error",
      problem: "contains a character that is not UTF-8, which reading has replaced",
      fix: "save the file as UTF-8, and set the value again",
    });
  }
  return remarks;
}

/** What some other tool would resolve, by what a message calls it. */
const references: readonly (readonly [name: string, shape: RegExp])[] = [
  ["${...}", /\$\{[^}]*\}/],
  ["a command, $(...)", /\$\([^)]+\)/],
  ["a command in backticks", /`[^`\n]+`/],
  ["a reference to a variable", /^\$(?!oauthtoken$)[A-Za-z_]\w*$/], // $oauthtoken is NVIDIA's user
  [
    "a reference to another secret store",
    /^(?:(?:op|ref\+\w+|awssm|gcpsm|sm|keyvault|azurekeyvault|vault|bws|doppler|infisical|keeper):\/\/|vault:[\w/-]+#|>>vault:|secretref:|arn:aws:(?:secretsmanager|ssm):|projects\/[^/]+\/secrets\/|@Microsoft\.KeyVault\()/,
  ],
  ["the path of a mounted secret", /^(?:file:\/\/)?\/(?:var\/)?(?:run|vault|etc|mnt)\/secrets?(?:-store)?\//],
];

function referenceRemarks({ value, written }: Variable, assigned: ReadonlySet<string>): readonly Remark[] {
  if (isUnrendered(value)) return []; // an error of its own
  const isCommand = written !== undefined && /^`[^`'"\n]*`$/.test(written);
  const name = isCommand ? "a command in backticks" : references.find(([, shape]) => shape.test(value))?.[0];
  const other = [...value.matchAll(/\$([A-Za-z_]\w*)/g)].some(([, variable = ""]) => assigned.has(variable));
  const what = name ?? (other ? "a reference to a variable of these files" : undefined);
  if (what === undefined) return [];
  return [
    {
      code: "dotenv-not-expanded",
      severity: "warning",
      problem: `contains ${what}, which nothing expands: this text itself is stored`,
      fix: "write the value itself, unless this text is the value",
    },
  ];
}
