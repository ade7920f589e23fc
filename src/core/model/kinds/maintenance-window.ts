import { type Static, Type } from "typebox";
import { closedObject, documentOf, duration, Name, timeZone } from "./shared.ts";

/** Days of the week as the fleet writes them; the number of each is its index, as dates count them. */
export const weekDays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

const OpenTime = closedObject(
  {
    days: Type.Optional(
      Type.Array(Type.Enum([...weekDays]), {
        minItems: 1,
        uniqueItems: true,
        description: "days of the week on which it begins; without it, every day",
      }),
    ),
    start: Type.String({
      title: "time of day",
      pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
      description: "when it begins, by the clock of the site",
    }),
    duration: duration("how long it lasts from then on, in time that passes; at most 168h"),
  },
  "a time that comes again",
);

const moment = (description: string) =>
  Type.String({
    title: "local time",
    pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9])?$",
    description,
  });

const ClosedTime = closedObject(
  {
    from: moment("its beginning; a date alone is from its first minute"),
    until: moment("its end; a date alone is the whole day, to its last minute"),
    why: Type.Optional(Type.String({ minLength: 1, description: "told to those who wait" })),
    all: Type.Optional(
      Type.Literal(true, {
        description: "also what the open list brings to sites where an app is not there yet",
      }),
    ),
  },
  "a period of the calendar",
);

export const MaintenanceWindow = documentOf(
  "MaintenanceWindow",
  closedObject(
    {
      description: Type.Optional(Type.String({ description: "what it is for" })),
      virtualSites: Type.Optional(
        Type.Array(Name, {
          minItems: 1,
          uniqueItems: true,
          description: "names of VirtualSites: it speaks of their sites; without it, of every site",
        }),
      ),
      timeZone: Type.Optional(
        timeZone(
          "whose clock counts; without it, that of each site (`timeZone` of Site or Region)",
        ),
      ),
      open: Type.Optional(
        Type.Array(OpenTime, {
          minItems: 1,
          description: "when hand-overs may begin; without it, always outside of `closed`",
        }),
      ),
      closed: Type.Optional(
        Type.Array(ClosedTime, {
          minItems: 1,
          description: "when none may begin, whatever is `open`: a freeze",
        }),
      ),
    },
    "when; `open`, `closed`, or both",
  ),
  "When releases may reach sites. It counts where a Fleet or a RolloutStrategy names it in `windows`.",
);
export type MaintenanceWindow = Static<typeof MaintenanceWindow>;
