/** The health of an app at a site: the worst of the objects that have an opinion. */
import { type Health, healthOrder } from "./health.ts";

/** The app's word and line, and how many objects have no opinion. */
export interface AppHealth extends Health {
  readonly unverified: number;
  /** What each object says that is Degraded, not only the one that the line is of. */
  readonly said?: readonly string[];
  /** The first object that still has pods of a template that was replaced, and how many; absent where none has. */
  readonly olderPods?: string;
}

/** One of the app's objects. */
interface RatedObject {
  readonly name: string;
  readonly health: Health;
  /** A user's rule tells its health: what it does not know is not well, as far as anybody can tell. */
  readonly mustTell?: boolean;
}

/** Takes the worst; with no opinion at all the app is Healthy, and `unverified` tells how little that says. */
export function appHealth(objects: Iterable<RatedObject>): AppHealth {
  let worst = healthOrder.indexOf("Healthy");
  let message = "";
  let unverified = 0;
  let untold: RatedObject | undefined;
  for (const object of objects) {
    const { name, health, mustTell } = object;
    const rank = healthOrder.indexOf(health.status);
    if (health.status === "Unknown") unverified += 1;
    if (health.status === "Unknown" && mustTell === true) untold ??= object;
    if (rank <= worst) continue;
    worst = rank;
    message = lineOf({ name, health });
  }
  const isWell = worst <= healthOrder.indexOf("Suspended");
  if (untold !== undefined && isWell) {
    return { status: "Unknown", message: lineOf(untold), unverified };
  }
  return { status: healthOrder[worst] ?? "Healthy", message, unverified };
}

function lineOf({ name, health: { message } }: RatedObject): string {
  return message === "" ? name : `${name}: ${message}`;
}
