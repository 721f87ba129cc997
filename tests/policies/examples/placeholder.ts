import { changed, type Example } from "./example.ts";
import { keyVaultSecret } from "./samples.ts";

const value = ["properties", "value"] as const;
const absent = changed(keyVaultSecret, [value, undefined]);
const absentIsFine = "without a value there is no placeholder";

export const placeholderExamples: readonly Example[] = [
  {
    rule: "placeholder-marker",
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [value, "changeme"]),
    says: "holds a placeholder; set the real value",
    absent,
    absentIsFine,
    unknown: value,
  },
  {
    rule: "placeholder-fixture",
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [value, "minioadmin"]),
    says: "holds a publicly known development value; set the real one",
    absent,
    absentIsFine,
    unknown: value,
  },
  {
    rule: "placeholder-unrendered",
    allowed: keyVaultSecret,
    refused: changed(keyVaultSecret, [value, "{{ .REDIS_PASSWORD }}"]),
    says: "holds a template that nothing renders",
    absent,
    absentIsFine,
    unknown: value,
  },
];
