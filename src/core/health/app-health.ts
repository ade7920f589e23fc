/** The health of an app at a site: the worst of the objects that have an opinion. */
import { type Health, healthOrder } from "./health.ts";

/** The app's word and line, and how many objects have no opinion. */
export interface AppHealth extends Health {
  readonly unverified: number;
}

/** Takes the worst; with no opinion at all the app is Healthy, and `unverified` tells how little that says. */
export function appHealth(
  objects: Iterable<{ readonly name: string; readonly health: Health }>,
): AppHealth {
  let worst = healthOrder.indexOf("Healthy");
  let message = "";
  let unverified = 0;
  for (const { name, health } of objects) {
    const rank = healthOrder.indexOf(health.status);
    if (health.status === "Unknown") unverified += 1;
    if (rank <= worst) continue;
    worst = rank;
    message = health.message === "" ? name : `${name}: ${health.message}`;
  }
  return { status: healthOrder[worst] ?? "Healthy", message, unverified };
}
