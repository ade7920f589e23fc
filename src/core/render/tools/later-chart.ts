/**
 * A chart -> a copy for its second rendering, to which all of it happens much later: `now` gives a moment far ahead, in
 * every time zone, and `ago` and `durationRound` tell how long ago something was from there. What `tpl` is given in values
 * stays as it is. Where two renderings may be the same by chance, two copies are compared, which take what chance gives from
 * its two ends.
 */
import { keptFor } from "../../model/known-fleet.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import { chartCopy, type Edit } from "./chart-copy.ts";
import { callsIn } from "./called-names.ts";
import { chanceEdits, chanceTemplates, type End } from "./chance-edits.ts";
import type { Token } from "./template-actions.ts";

/**
 * 491 days, 13 hours, 2 minutes and 3 seconds: whenever a chart is rendered, year, quarter, month, day of the month, of the
 * year and of the week, hour, minute and second are other ones that much later.
 */
export const laterSeconds = 491 * 86_400 + 13 * 3600 + 2 * 60 + 3;
/** Nanoseconds, written: a number of JavaScript does not hold them. */
const later = `${laterSeconds}000000000`;

/** The copy; undefined where there is none. */
export const laterChart = keptFor((source: ToolSource) =>
  copyOf(source, { mark: "later", isLater: true }),
);

/** To the first copy it happens now. undefined: there is none. */
export const firstEndChart = keptFor((source: ToolSource) =>
  copyOf(source, { mark: "first", isLater: false, end: "first" }),
);

/** To the second copy it happens later. undefined: there is none. */
export const lastEndChart = keptFor((source: ToolSource) =>
  copyOf(source, { mark: "last", isLater: true, end: "last" }),
);

interface Copy {
  readonly mark: string;
  readonly isLater: boolean;
  /** Of what chance gives; undefined: that stays as it is. */
  readonly end?: End;
}

function copyOf(source: ToolSource, { mark, isLater, end }: Copy): ToolSource | undefined {
  const name = `flotilla.${mark}.${source.digest}`;
  const since = [...sinces].map((each) => definition(name, each)).join("");
  return chartCopy(source, {
    name,
    template: `${since}${end === undefined ? "" : chanceTemplates(name, end)}`,
    mark,
    edits: (action) => [
      ...(isLater ? callsIn(action).flatMap((call) => laterCall(name, call)) : []),
      ...(end === undefined ? [] : chanceEdits(action, name, end)),
    ],
  });
}

/** They tell how long ago a time was that they are given, as text. */
const sinces: ReadonlySet<string> = new Set(["ago", "durationRound"]);

function definition(name: string, since: string): string {
  const isTime = '{{if typeIs "time.Time" .}}';
  return `{{define "${name}.${since}"}}${isTime}{{${since} (.Add -${later})}}{{else}}{{${since} .}}{{end}}{{end}}`;
}

function laterCall(name: string, { text, at }: Token): readonly Edit[] {
  const { length } = text;
  if (text === "now") return [{ at, length, text: `(now.Add ${later})` }];
  return sinces.has(text) ? [{ at, length, text: `include "${name}.${text}"` }] : [];
}
