/** What every record is made by: its fields are its own properties. */
export abstract class CelRecord {
  constructor(values: Readonly<Record<string, unknown>>) {
    Object.assign(this, values)
  }
}

/** A variable with known fields, so that a wrong one is an error when compiling. Field types are cel-js's names for types. */
export type RecordType<Fields extends Record<string, string> = Record<string, string>> = {
  name: string
  fields: Fields
  /** What cel-js knows the type by. */
  ctor: new (
    values: Record<keyof Fields, unknown>,
  ) => object
  of(values: Record<keyof Fields, unknown>): object
}

/** `timestamp` fields hold a Date, `int` fields a bigint. */
export function recordType<const Fields extends Record<string, string>>(
  name: string,
  fields: Fields,
): RecordType<Fields> {
  const ctor = class extends CelRecord {}
  return { name, fields, ctor, of: (values) => new ctor(values) }
}
