/**
 * Records a real run of `flotilla demo` as an animated picture for the README: the live display's own lines, one frame
 * for each second in which something moved.
 *
 *   node scripts/record-demo.ts
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Demo, type DemoState, hasArrived, startDemo } from "../src/demo/demo.ts";
import { demoPrefix } from "../src/demo/desk.ts";
import { footerWords } from "../src/demo/run-live.ts";
import { createStyle, widthOf } from "../src/demo/style.ts";
import { liveView } from "../src/demo/view.ts";
import { systemClock } from "../src/runtime/system-clock.ts";

const target = join(import.meta.dirname, "../docs/images/demo.svg");
const columns = 100;
const limitMs = 120_000;
const frameMs = 1000;
/** The first and the last frame stay longer. */
const restMs = 3000;
const style = createStyle({ color: true, unicode: true });
const clock = systemClock();

interface Frame {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Films until it is so; `title` says what the reader did. */
async function film(
  demo: Demo,
  frames: Frame[],
  { title, until }: { readonly title: string; readonly until: (state: DemoState) => boolean },
): Promise<void> {
  const deadline = clock.monotonic() + limitMs;
  for (;;) {
    const state = await demo.look();
    const footer = footerWords(demo, { menu: null, broken: state.broken });
    const lines = liveView(state, { style, columns, footer });
    if (lines.join("\n") !== frames.at(-1)?.lines.join("\n")) frames.push({ title, lines });
    if (until(state)) return;
    if (clock.monotonic() > deadline) throw new Error(`not in time: ${title}`);
    await clock.sleep(frameMs);
  }
}

async function edit(demo: Demo): Promise<string> {
  const suggestion = await demo.fleet.suggestion();
  if (suggestion === null) throw new Error("nothing to edit");
  return (await demo.fleet.edit(suggestion)).commit;
}

async function record(demo: Demo): Promise<Frame[]> {
  const frames: Frame[] = [];
  const oslo = { kind: "site", name: "oslo" } as const;
  const start = await demo.fleet.head();
  // The first sync goes by unseen but for its end.
  await film(demo, [], { title: "", until: (state) => hasArrived(state, start?.commit ?? "") });
  const wait = { title: "$ npx flotilla demo", until: () => true };
  await film(demo, frames, wait);
  const first = await edit(demo);
  await film(demo, frames, {
    title: "$ git commit -am 'Update nginx'",
    until: (state) => hasArrived(state, first),
  });
  await demo.break(oslo, "refuse");
  await film(demo, frames, {
    title: "$ npx flotilla demo break site oslo",
    until: ({ status }) => status?.sites.offline === 1,
  });
  const second = await edit(demo);
  await film(demo, frames, {
    title: "$ git commit -am 'Update nginx again'",
    until: ({ status }) =>
      status?.revision?.endsWith(second) === true && status.releases.length === 0,
  });
  await demo.heal(oslo);
  await film(demo, frames, {
    title: "$ npx flotilla demo heal site oslo",
    until: (state) => hasArrived(state, second),
  });
  return frames;
}

const cell = { width: 8.4, height: 18 };
const margin = 14;
const colours: Readonly<Record<string, string>> = {
  "31": "#ff7b72",
  "32": "#7ee787",
  "33": "#e3b341",
};

/** A line of the display as SVG text. */
function lineSvg(line: string): string {
  let [fill, weight, opacity] = ["", "", ""];
  // oxlint-disable-next-line no-control-regex -- colours begin with a control character
  const parts = [...line.matchAll(/\u001b\[(?<code>\d+)m|(?<text>[^\u001b]+)/g)];
  return parts
    .map(({ groups }) => {
      const { code, text } = groups ?? {};
      if (text === undefined) {
        if (code === "39") fill = "";
        else if (code === "22") [weight, opacity] = ["", ""];
        else if (code === "1") weight = ' font-weight="bold"';
        else if (code === "2") opacity = ' opacity=".65"';
        else fill = ` fill="${colours[code ?? ""] ?? "#c9d1d9"}"`;
        return "";
      }
      return `<tspan${fill}${weight}${opacity}>${escapeXml(text)}</tspan>`;
    })
    .join("");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** All frames one after the other, each line kept once. */
function animation(frames: readonly Frame[]): string {
  const rows = Math.max(...frames.map(({ lines }) => lines.length)) + 2;
  const widest = Math.max(...frames.flatMap(({ lines }) => lines.map(widthOf)));
  const [width, height] = [widest * cell.width + 2 * margin, rows * cell.height + 2 * margin];
  const totalMs = frames.length * frameMs + 2 * restMs;
  const share = (ms: number): string => `${((ms / totalMs) * 100).toFixed(2)}%`;
  const ids = new Map<string, number>();
  const idOf = (line: string): number => {
    const id = ids.get(line) ?? ids.size;
    ids.set(line, id);
    return id;
  };
  let fromMs = 0;
  const styles: string[] = [];
  const groups = frames.map(({ title, lines }, index) => {
    const isEnd = index === 0 || index === frames.length - 1;
    const toMs = fromMs + frameMs + (isEnd ? restMs : 0);
    const hidden = index === frames.length - 1 ? "" : `${share(toMs)}{visibility:hidden}`;
    styles.push(
      `@keyframes k${index}{0%{visibility:hidden}${share(fromMs)}{visibility:visible}${hidden}}`,
      `#f${index}{animation-name:k${index}}`,
    );
    fromMs = toMs;
    const uses = [style.tone("strong", title), "", ...lines]
      .map((line, row) =>
        line === "" ? "" : `<use href="#l${idOf(line)}" y="${margin + (row + 1) * cell.height}"/>`,
      )
      .join("");
    return `<g class="f" id="f${index}">${uses}</g>`;
  });
  const texts = [...ids].map(
    ([line, id]) => `<text id="l${id}" x="${margin}" xml:space="preserve">${lineSvg(line)}</text>`,
  );
  const css = [
    "text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#c9d1d9}",
    `.f{visibility:hidden;animation:${totalMs}ms step-end infinite}`,
    ...styles,
    `@media (prefers-reduced-motion:reduce){.f{animation:none}#f${frames.length - 1}{visibility:visible}}`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" role="img" aria-label="A terminal: a commit goes through its stages over twelve sites in three regions; a site that was broken catches up when it is healed">
<style>${css.join("\n")}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<defs>${texts.join("\n")}</defs>
${groups.join("\n")}
</svg>
`;
}

const dir = await mkdtemp(join(tmpdir(), demoPrefix));
const demo = await startDemo({ dir, clock, say: () => undefined });
try {
  const frames = await record(demo);
  const svg = animation(frames);
  await writeFile(target, svg);
  process.stdout.write(
    `${target}: ${frames.length} frames, ${Math.round(svg.length / 1024)} KiB\n`,
  );
} finally {
  await demo.close();
  await rm(dir, { recursive: true, force: true });
}
