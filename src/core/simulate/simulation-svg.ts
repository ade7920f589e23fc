/**
 * A simulation as a picture: a row of bands for the stages of each release, and below it, on the same axis of time, how
 * many sites wait, are in flight, done or failed. It stands alone, says in words what it shows, and follows the reader's
 * choice of light or dark.
 */
import { countOf } from "../rollout/words.ts";
import { escapeXml, type SvgFrame, svgText, wrapped, x, y } from "./svg-parts.ts";
import type { Sample } from "./play-rollout.ts";
import type { RolloutSimulation, SimulatedStage } from "./simulate-change.ts";
import { assumedWords, timeInWords, unplayedWords } from "./simulation-text.ts";

/** From the bottom of the pile to its top: what is finished does not move. */
const layers = [
  { key: "done", label: "done" },
  { key: "excused", label: "excused" },
  { key: "failed", label: "failed" },
  { key: "inFlight", label: "in flight" },
  { key: "waiting", label: "waiting" },
] as const satisfies readonly { key: keyof Sample; label: string }[];

const width = 960;
const left = 112;
const right = 24;
const assumedTop = 54;
const lineHeight = 16;
const rowHeight = 34;
const chartHeight = 260;

/** The picture as an SVG document. */
export function simulationSvg(simulation: RolloutSimulation): string {
  const rows = [...Map.groupBy(simulation.stages, ({ release }) => release).values()];
  const assumed = wrapped(`Assumed: ${assumedWords(simulation)}.`, width - left - right);
  const bandsTop = assumedTop + assumed.length * lineHeight + 14;
  const top = bandsTop + rows.length * rowHeight + 16;
  const timeline = simulation.timeline;
  const frame: SvgFrame = {
    left,
    top,
    width: width - left - right,
    height: chartHeight,
    mostMs: Math.max(1, timeline.at(-1)?.atMs ?? 0),
    mostSites: Math.max(1, ...timeline.map(totalOf)),
  };
  const height = top + chartHeight + 92;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeXml(titleOf(simulation))}</title>
<desc id="desc">${escapeXml(descriptionOf(simulation))}</desc>
<style>${style}</style>
<rect class="page" width="${width}" height="${height}"/>
${svgText({ at: [left, 32], text: titleOf(simulation), class: "title" })}
${assumed.map(assumedLine).join("\n")}
${rows.map((stages, row) => bandsOf(frame, stages, bandsTop + row * rowHeight)).join("\n")}
${areasOf(frame, timeline)}
${brokenLine(frame, timeline)}
${axesOf(frame)}
${legendOf(frame)}
</svg>
`;
}

function assumedLine(text: string, index: number): string {
  return svgText({ at: [left, assumedTop + index * lineHeight], text, class: "small" });
}

/** A colour has one meaning, also on a dark ground; shapes are outlined, so that colour is not all that tells them apart. */
const style = `
svg{--page:#fff;--ink:#1c2128;--soft:#57606a;--line:#d0d7de;--done:#2f9e5b;--excused:#a8b1bb;--failed:#d1242f;--inFlight:#3b82d6;--waiting:#e6eaee;--band:#eef2f6;--bad:#fbe3e4}
@media (prefers-color-scheme:dark){svg{--page:#0d1117;--ink:#e6edf3;--soft:#9da7b1;--line:#3d444d;--done:#2ea35d;--excused:#6e7781;--failed:#f0606a;--inFlight:#539bf5;--waiting:#2a3038;--band:#1b222b;--bad:#4b2024}}
text{font:13px system-ui,sans-serif;fill:var(--ink)}.title{font-size:17px;font-weight:600}.small{font-size:12px;fill:var(--soft)}
.page{fill:var(--page)}.band{fill:var(--band);stroke:var(--line)}.soak{fill:var(--line);opacity:.55}.bad{fill:var(--bad)}.axis{stroke:var(--line)}
${layers.map(({ key }) => `.${key}{fill:var(--${key})}`).join("")}.area{stroke:var(--page);stroke-width:.5}.broken{fill:none;stroke:var(--ink);stroke-width:2;stroke-dasharray:5 3}
`;

function titleOf({ takes, runs }: RolloutSimulation): string {
  const [first] = runs;
  if (takes === null) {
    return `Simulated rollout: goes no further after ${timeInWords(first?.tookMs ?? 0)}`;
  }
  const [p50, p95] = [timeInWords(takes.p50Ms), timeInWords(takes.p95Ms)];
  return runs.length === 1
    ? `Simulated rollout: ${p50}`
    : `Simulated rollout: ${p50} in half of the runs, ${p95} in 95 %`;
}

function descriptionOf(simulation: RolloutSimulation): string {
  const { stages, timeline, worst, unplayed, brokenSites } = simulation;
  const last = timeline.at(-1);
  const parts = stages.map(
    ({ app, stage, sites, openedMs, passedMs }) =>
      `Stage ${stage} of ${app} with ${countOf(sites, "site")} ${openedMs === null ? "does not open" : `opens at ${timeInWords(openedMs)}`}${passedMs === null ? "" : ` and passes at ${timeInWords(passedMs)}`}.`,
  );
  const most = Math.max(0, ...worst.map(({ mostBroken }) => mostBroken));
  return [
    ...parts,
    last === undefined ? "" : `At the end ${last.done} are done, ${last.failed} failed.`,
    brokenSites.length === 0 ? "" : `${countOf(brokenSites.length, "site")} broken at the end.`,
    worst.length === 0
      ? ""
      : `A change whose fault shows before a soak ends breaks at most ${countOf(most, "site")} at once${unplayed.length === 0 ? "." : " in the other stages."}`,
    unplayed.length === 0 ? "" : unplayedWords(simulation),
  ]
    .filter(Boolean)
    .join(" ");
}

/** The stages of a release: how long each moves, and then soaks. */
function bandsOf(frame: SvgFrame, stages: readonly SimulatedStage[], top: number): string {
  const [first] = stages;
  const label = svgText({
    at: [left - 8, top + 17],
    text: first?.app ?? "",
    class: "small",
    anchor: "end",
    most: left - 12,
  });
  return [label, ...stages.map((stage) => bandOf(frame, stage, top))].join("\n");
}

function bandOf(frame: SvgFrame, stage: SimulatedStage, top: number): string {
  const { openedMs, settledMs, passedMs, stoppedMs } = stage;
  if (openedMs === null || stage.sites === 0) return "";
  const end = passedMs ?? frame.mostMs;
  const [from, to] = [x(frame, openedMs), x(frame, end)];
  const kind = stoppedMs !== null && passedMs === null ? "band bad" : "band";
  const soak =
    settledMs === null || passedMs === null
      ? ""
      : rect({ from: x(frame, settledMs), to, top, class: "soak" });
  const words = `${stage.stage} (${stage.sites})`;
  const name = svgText({ at: [from + 6, top + 18], text: words, class: "", most: to - from - 8 });
  const about = `<title>${escapeXml(`${stage.stage}: ${countOf(stage.sites, "site")}, ${timeInWords(end - openedMs)}`)}</title>`;
  return `<g>${about}${rect({ from, to, top, class: kind })}${soak}${name}</g>`;
}

function rect(of: { from: number; to: number; top: number; class: string }): string {
  const wide = Math.max(1, of.to - of.from);
  return `<rect class="${of.class}" x="${of.from.toFixed(1)}" y="${of.top}" width="${wide.toFixed(1)}" height="26" rx="3"/>`;
}

function totalOf(sample: Sample): number {
  return layers.reduce((sum, { key }) => sum + sample[key], 0);
}

/** One area for each state, stacked; what is counted stays until the next sample says something else. */
function areasOf(frame: SvgFrame, timeline: readonly Sample[]): string {
  const below = timeline.map(() => 0);
  return layers
    .map(({ key }) => {
      const lower = [...below];
      for (const [index, sample] of timeline.entries())
        below[index] = (below[index] ?? 0) + sample[key];
      const path = [
        ...steps(frame, timeline, below),
        ...steps(frame, timeline, lower).toReversed(),
      ];
      return `<path class="area ${key}" d="M${path.join("L")}Z"/>`;
    })
    .join("\n");
}

function brokenLine(frame: SvgFrame, timeline: readonly Sample[]): string {
  const values = timeline.map(({ broken }) => broken);
  if (values.every((value) => value === 0)) return "";
  return `<path class="broken" d="M${steps(frame, timeline, values).join("L")}"/>`;
}

function steps(
  frame: SvgFrame,
  timeline: readonly Sample[],
  values: readonly number[],
): readonly string[] {
  return timeline.flatMap(({ atMs }, index) => {
    const next = timeline[index + 1]?.atMs ?? atMs;
    const height = y(frame, values[index] ?? 0).toFixed(1);
    return [`${x(frame, atMs).toFixed(1)} ${height}`, `${x(frame, next).toFixed(1)} ${height}`];
  });
}

function axesOf(frame: SvgFrame): string {
  const { top, height, mostMs, mostSites } = frame;
  const bottom = top + height;
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = x(frame, share * mostMs);
    const text = timeInWords(Math.round((share * mostMs) / 1000) * 1000);
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return svgText({ at: [at, bottom + 20], text, class: "small", anchor });
  });
  const counts = [0, 0.5, 1].map((share) => {
    const sites = Math.round(share * mostSites);
    return svgText({
      at: [left - 8, y(frame, sites) + 4],
      text: String(sites),
      class: "small",
      anchor: "end",
    });
  });
  const line = `<path class="axis" fill="none" d="M${left} ${top}V${bottom}H${left + frame.width}"/>`;
  return [line, ...times, ...counts].join("\n");
}

function legendOf(frame: SvgFrame): string {
  const top = frame.top + frame.height + 44;
  const entries = layers.map(({ key, label }, index) => {
    const at = left + index * 98;
    const box = `<rect class="${key} axis" x="${at}" y="${top}" width="14" height="14" rx="2"/>`;
    return `${box}${svgText({ at: [at + 20, top + 12], text: label, class: "" })}`;
  });
  const at = left + layers.length * 98;
  const broken = `<path class="broken" d="M${at} ${top + 7}h22"/>${svgText({ at: [at + 28, top + 12], text: "sites broken", class: "" })}`;
  const soak = `<rect class="soak" x="${at + 128}" y="${top}" width="14" height="14" rx="2"/>${svgText({ at: [at + 148, top + 12], text: "soak", class: "" })}`;
  return [...entries, broken, soak].join("\n");
}
