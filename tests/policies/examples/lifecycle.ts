import type { Example } from "./example.ts";
import { keyVault } from "./samples.ts";

export const lifecycleExamples: readonly Example[] = [
  {
    rule: "lifecycle-protect",
    allowed: keyVault,
    refused: { ...keyVault, protect: false },
    says: "is not protected; set protect and retainOnDelete",
    absent: { type: keyVault.type, props: keyVault.props },
    absentSays: "is not protected; set protect and retainOnDelete",
    // protect is an option, and options are always known
    unknown: undefined,
  },
];
