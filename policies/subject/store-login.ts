import { text, textsOf } from "./reading.ts";
import type { Subject } from "./subject.ts";

/** How a SecretStore logs in; parts may be missing. @throws Undecided */
export interface StoreLogin {
  readonly namespace: string | undefined;
  readonly role: string | undefined;
  readonly account: string | undefined;
  readonly audiences: readonly string[];
}

/** @throws Undecided */
export function loginOf({ object }: Subject): StoreLogin {
  const auth = ["spec", "provider", "vault", "auth", "kubernetes"] as const;
  return {
    namespace: text(object, "metadata", "namespace"),
    role: text(object, ...auth, "role"),
    account: text(object, ...auth, "serviceAccountRef", "name"),
    audiences: textsOf(object, ...auth, "serviceAccountRef", "audiences"),
  };
}
