import type { World, Sight } from "./world.ts";

/** One way to break the running environment, and what its repair needs in addition to the printed command. */
export interface Break {
  /** Does it; resolves when the servers have answered. */
  readonly strike: (world: World) => Promise<unknown>;
  /** @default - as `doctor` without options */
  readonly sight?: (world: World) => Sight | Promise<Sight>;
  /** What the repair's words ask of a person before its command is run. @default - nothing */
  readonly before?: (world: World) => Promise<unknown>;
  /** What they ask for after it: where the command only shows what is wrong, all of the repair. @default - nothing */
  readonly after?: (world: World) => Promise<unknown>;
  /** What the printed command reads from standard input. */
  readonly input?: string;
  /** What a person writes for the holes of the printed command, such as `<you>`. */
  readonly fill?: (world: World) => Readonly<Record<string, string>>;
}
