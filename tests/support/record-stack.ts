import * as pulumi from "@pulumi/pulumi";

/** One registration, as the engine would receive it: secrets unwrapped by the mock, unknown to none. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/**
 * Runs a program against mocks and gives every registration in order. Components, providers and resources alike; the
 * stack's own is left out. Any provider call fails the run: the program asks nobody anything while it is being planned.
 *
 * @param outputsOf - what a resource has beside its inputs, such as the client id of an identity. @default - nothing
 */
export async function recordStack(
  program: () => unknown,
  outputsOf: (registration: Registration) => Record<string, unknown> = () => ({}),
): Promise<Registration[]> {
  const registrations: Registration[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const registration: Registration = { type, name, inputs: inputs as Record<string, unknown> };
        if (type !== "pulumi:pulumi:Stack") registrations.push(registration);
        return { id: `${name}-id`, state: { ...registration.inputs, ...outputsOf(registration) } };
      },
      call: ({ token }) => {
        throw new Error(`the program called ${token}`);
      },
    },
    "ameide-secrets",
    "test",
    false,
    "ameide",
  );
  await program();
  await pulumi.runtime.disconnect();
  return registrations;
}
