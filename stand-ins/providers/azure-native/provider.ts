import type { LiveConfig } from "../config.ts";
import type { MadeJournal } from "../made-journal.ts";
import { stringAt } from "../property-value.ts";
import { TypedProvider } from "../typed-provider.ts";
import { ArmClient } from "./arm-client.ts";
import { typeOf } from "./types.ts";

/** The types of the provider `azure-native` that this program uses. @param azure - undefined: offline */
export function azureNativeProvider(
  azure: LiveConfig["azure"] | undefined,
  journal: MadeJournal,
): TypedProvider<ArmClient> {
  return new TypedProvider({
    name: "azure-native",
    journal,
    typeOf,
    connect: (options, cancelled) => {
      if (azure === undefined) return Promise.resolve(undefined);
      const subscriptionId = azure.subscriptionId ?? stringAt(options, "subscriptionId");
      const location = stringAt(options, "location");
      return Promise.resolve(new ArmClient({ ...azure, subscriptionId, location }, cancelled));
    },
  });
}
