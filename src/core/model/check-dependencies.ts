/** Apps that depend on each other in a circle: none of them could ever move. */
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { App } from "./kinds.ts";

/** The shortest circle through each app that no circle before was told of, with the place of every link. */
export function checkDependencies({ apps }: FleetDraft): Diagnostic[] {
  const found: Diagnostic[] = [];
  const told = new Set<string>();
  for (const name of [...apps.keys()].toSorted()) {
    const circle = told.has(name) ? null : circleFrom(apps, name);
    if (circle === null) continue;
    for (const app of circle) told.add(app);
    found.push(circleMistake(apps, circle));
  }
  return found;
}

type Apps = ReadonlyMap<string, Entry<App>>;

/** The shortest way from an app back to itself, without its end; null: there is none. */
function circleFrom(apps: Apps, start: string): readonly string[] | null {
  const from = new Map<string, string>();
  const queue = [start];
  for (const app of queue) {
    for (const next of apps.get(app)?.value.spec.dependsOn ?? []) {
      if (next === start) return wayTo(from, app);
      if (from.has(next)) continue;
      from.set(next, app);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(from: ReadonlyMap<string, string>, last: string): string[] {
  const way: string[] = [];
  for (let app: string | undefined = last; app !== undefined; app = from.get(app)) way.unshift(app);
  return way;
}

function circleMistake(apps: Apps, circle: readonly string[]): Diagnostic {
  const links = circle.map((app, index) => {
    const next = circle[(index + 1) % circle.length] ?? "";
    return { next, place: linkPlace(apps, app, next) };
  });
  const [first, ...others] = links;
  const words = others.map(
    ({ next, place }) => `, then ${next} (${place.file}:${place.line}:${place.column})`,
  );
  const message = `${circle[0] ?? ""} depends on itself: on ${first?.next ?? ""}${words.join("")}`;
  const hint = "take one of the links out of `dependsOn`";
  const place = first?.place ?? { file: ".", line: 0, column: 0 };
  return errorAt(place, { code: "dependency-cycle", message, hint });
}

function linkPlace(
  apps: Apps,
  app: string,
  next: string,
): { file: string; line: number; column: number } {
  const entry = apps.get(app);
  const index = entry?.value.spec.dependsOn?.indexOf(next) ?? 0;
  return entry?.document.at(["spec", "dependsOn", index]) ?? { file: ".", line: 0, column: 0 };
}
