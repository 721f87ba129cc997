/** Shape of a JSON value. vault-bootstrap uses it instead of zod, which would be a twelfth of its bundle. */
export interface Shape<T> {
  /** @returns each mistake with its path, such as `vault.address is not a URL`; no value is quoted. */
  problems(value: unknown, at?: string): readonly string[];
  /** For types only. */
  readonly type?: T;
}

type Optional<T> = Shape<T> & { readonly isOptional: true };
type Fields = Readonly<Record<string, Shape<unknown>>>;
type ObjectOf<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? never : K]: TypeOf<F[K]>;
} & { readonly [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: TypeOf<F[K]> };

export type TypeOf<S> = S extends Shape<infer T> ? T : never;

function shape<T>(what: string, isOne: (value: unknown) => boolean): Shape<T> {
  return { problems: (value, at = "it") => (isOne(value) ? [] : [`${at} is not ${what}`]) };
}

export const text = shape<string>("a string", (value) => typeof value === "string");
export const flag = shape<boolean>("true or false", (value) => typeof value === "boolean");
export const whole = shape<number>("a whole number", Number.isInteger);
export const url = shape<string>("a URL", (value) => typeof value === "string" && URL.canParse(value));

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return shape(`one of ${words.join(", ")}`, (value) => words.includes(value as T));
}

export function optional<T>(of: Shape<T>): Optional<T> {
  return { problems: (value, at) => (value === undefined ? [] : of.problems(value, at)), isOptional: true };
}

export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  return {
    problems: (value, at = "it") =>
      Array.isArray(value) ? value.flatMap((one, n) => of.problems(one, `${at}.${n}`)) : [`${at} is not a list`],
  };
}

/** @param others - whether keys that are not in `fields` are allowed. @default "unknown" */
export function object<const F extends Fields>(
  fields: F,
  others: "allowed" | "unknown" = "unknown",
): Shape<ObjectOf<F>> {
  return {
    problems(value, at) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return [`${at ?? "it"} is not an object`];
      const path = (key: string): string => (at === undefined ? key : `${at}.${key}`);
      const unknown = others === "allowed" ? [] : Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
      const known = Object.entries(fields);
      return [
        ...unknown.map((key) => `unknown ${path(key)}`),
        ...known.flatMap(([key, field]) => field.problems((value as Record<string, unknown>)[key], path(key))),
      ];
    },
  };
}

/** One of several objects, told apart by their `type`. */
export function byType<const S extends Readonly<Record<string, Shape<unknown>>>>(shapes: S): Shape<TypeOf<S[keyof S]>> {
  return {
    problems(value, at = "it") {
      const { type = "" } = (value ?? {}) as { readonly type?: string };
      return Object.hasOwn(shapes, type)
        ? (shapes[type]?.problems(value, at) ?? [])
        : [`${at}.type is not one of ${Object.keys(shapes).join(", ")}`];
    },
  };
}
