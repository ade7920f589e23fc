/** What the schemas of several records share. */
import { type TObject, type TProperties, Type } from "typebox";

/** A record that refuses fields which it does not know. */
export const record = <T extends TProperties>(properties: T): TObject<T> =>
  Type.Object(properties, { additionalProperties: false });

/** ISO 8601, in UTC. */
export const Time = Type.String({
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
});
/** Id of a tree. */
export const Tree = Type.String();
/** What a person said. */
export const Word = { at: Time, by: Type.String(), why: Type.String() };
