/** The MaintenanceWindows of a commit as the planner reads them. */
import { parseDuration } from "../../model/duration.ts";
import type { FleetModel, Labels } from "../../model/fleet-model.ts";
import { type MaintenanceWindow, weekDays } from "../../model/kinds.ts";
import { parseLocalTime, parseTimeOfDay } from "../../model/local-time.ts";
import { checkedSelector, matchesSelector } from "../../select/selector.ts";
import type { WindowRule } from "../planner-types.ts";
import type { ClosedTime, OpenTime } from "./next-opening.ts";

type WindowSpec = MaintenanceWindow["spec"];

/** Every window that the commit declares; the planner knows by `everyApp` and by the releases which of them count. */
export function windowRules(model: FleetModel): WindowRule[] {
  const fleetWide = new Set(model.fleet.value.spec.windows);
  return [...model.windows].map(([name, { value }]) => {
    const matchers = value.spec.virtualSites?.map((site) => matcher(model, site));
    return {
      ...windowFromSpec(name, value.spec),
      everyApp: fleetWide.has(name),
      matches: (labels) => matchers === undefined || matchers.some((matches) => matches(labels)),
    };
  });
}

/** A window of every site and of no app. */
export function windowFromSpec(name: string, spec: WindowSpec): WindowRule {
  return {
    name,
    everyApp: false,
    timeZone: spec.timeZone ?? null,
    open: spec.open?.map(openTime) ?? null,
    closed: (spec.closed ?? []).map(closedTime),
    matches: () => true,
  };
}

function matcher(model: FleetModel, name: string): (labels: Labels) => boolean {
  const { all, selector } = model.virtualSites.get(name)?.value.spec ?? {};
  if (all === true) return () => true;
  if (selector === undefined) return () => false;
  const parsed = checkedSelector(selector);
  return (labels) => matchesSelector(parsed, labels);
}

function openTime({
  days = [...weekDays],
  start,
  duration,
}: NonNullable<WindowSpec["open"]>[number]): OpenTime {
  return {
    days: new Set(days.map((day) => weekDays.indexOf(day))),
    startMs: parseTimeOfDay(start) ?? 0,
    durationMs: parseDuration(duration) ?? 0,
  };
}

function closedTime({
  from,
  until,
  why,
  all,
}: NonNullable<WindowSpec["closed"]>[number]): ClosedTime {
  return {
    from: parseLocalTime(from, "start") ?? 0,
    until: parseLocalTime(until, "end") ?? 0,
    why: why ?? "",
    all: all === true,
  };
}
