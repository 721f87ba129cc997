import { readFileSync } from "node:fs";
import type { TokenCredential } from "@azure/identity";
import { azureFiles } from "../../local/home.ts";

/** For SecretClient and other Azure clients. @param dir - the stand-in's folder. */
export function operatorCredential(dir: string): TokenCredential {
  const token = readFileSync(azureFiles(dir).operatorToken, "utf8").trim();
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}
