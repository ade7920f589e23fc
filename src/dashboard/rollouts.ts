/** Open releases: their stages with numbers and budgets, and why each one waits. */
import type { FleetStatus } from "../core/protocol/api.ts";
import type { WaitGroup } from "../core/rollout/group-waits.ts";
import type { ReleaseProgress, StageProgress } from "../core/rollout/planner-types.ts";
import { urgencyInWords } from "../core/rollout/urgent.ts";
import { countOf, someOf, spanInWords } from "../core/rollout/words.ts";
import { sentence } from "../core/protocol/attention.ts";
import { type Html, html } from "./html.ts";
import { bar, chip, number, section, type Tone } from "./parts.ts";
import { timed } from "./times.ts";

const kindWords = {
  app: "a new version",
  site: "changed site data",
  removal: "leaves sites",
} as const satisfies Record<ReleaseProgress["kind"], string>;

const stateTones: Readonly<Record<ReleaseProgress["state"], Tone>> = {
  moving: "busy",
  soaking: "busy",
  waiting: "busy",
  held: "ask",
  failed: "bad",
  done: "good",
};

const maxNames = 6;

/** `groups`: the waits of the status. */
export function rollouts({ releases }: FleetStatus, groups: readonly WaitGroup[]): Html {
  const isListed = ({ release }: WaitGroup): boolean =>
    releases.some(({ release: { id } }) => id === release);
  const others = groups.filter((group) => !isListed(group));
  const list =
    releases.length === 0
      ? html`<p class="none">No rollout is under way.</p>`
      : releases.map((release) => rollout(release, groups));
  return html`${section("rollouts", "Rollouts", list)}${
    others.length > 0 &&
    section(
      "waits",
      "Other waits",
      html`<ul class="waits">
        ${others.map(otherWait)}
      </ul>`,
    )
  }`;
}

function rollout(progress: ReleaseProgress, groups: readonly WaitGroup[]): Html {
  const { app, release, kind, state, stages, urgent } = progress;
  const waits = groups.filter((group) => group.app === app && group.release === release.id);
  const source =
    "source" in release ? html`, commit <code>${release.source.slice(0, 12)}</code>` : null;
  const total = stages.reduce((sum, { sites }) => sum + sites, 0);
  return html`<article
    class="rollout"
    data-key="release-${release.id}"
    aria-label="${app}: ${state}"
  >
    <header>
      <h3>${app}</h3>
      ${chip(stateTones[state], state)}
      <p class="about">
        ${kindWords[kind]} at ${countOf(total, "site")}${source} <code>${release.id}</code>${
          urgent === undefined ? null : html`, ${urgencyInWords(urgent)}`
        }
      </p>
    </header>
    <ol class="stages">
      ${stages.map((stage) =>
        stageHtml(
          stage,
          waits.filter((wait) => wait.stage === stage.name),
        ),
      )}
    </ol>
    ${waitList(waits.filter(({ stage }) => !stages.some(({ name }) => name === stage)))}
  </article> `;
}

function stageHtml(stage: StageProgress, waits: readonly WaitGroup[]): Html {
  const { name, by, sites } = stage;
  return html`<li class="stage" data-key="stage-${name}">
    <div class="line">
      <h4>${name}</h4>
      ${stageChip(stage)} <span class="by">${by}</span>
    </div>
    ${bar(
      columns.map(({ key }) => ({ kind: key, count: stage[key] })),
      sites,
    )}
    <p class="numbers">
      <span><b>${number(stage.done)} of ${number(sites)}</b> done</span>${columns
        .filter(({ key }) => key !== "done" && stage[key] > 0)
        .map(
          ({ key, word }) =>
            html`<span class="part"
              ><i class="${key}" aria-hidden="true"></i>${number(stage[key])} ${word}</span
            >`,
        )}
    </p>
    ${stage.passed ? null : html`<p class="budgets">${budgetWords(stage)}</p>`} ${waitList(waits)}
  </li> `;
}

const columns = [
  { key: "done", word: "done" },
  { key: "inFlight", word: "in flight" },
  { key: "failed", word: "failed" },
  { key: "unchanged", word: "unchanged" },
  { key: "excused", word: "excused" },
  { key: "waiting", word: "waiting" },
] as const;

function stageChip({ opened, passed, failed, failureBudget }: StageProgress): Html {
  if (passed) return chip("good", "passed");
  if (failed > failureBudget) return chip("bad", "failed");
  return opened ? chip("busy", "open") : chip("idle", "not open yet");
}

function budgetWords(stage: StageProgress): string {
  const { failed, failureBudget, rolledBack, inFlight, maxInFlight, maxUnavailable, soakMs } =
    stage;
  return [
    `in flight ${inFlight} of at most ${maxInFlight}`,
    `failed ${failed} of at most ${failureBudget}`,
    ...(rolledBack > 0 ? [`rolled back ${rolledBack}`] : []),
    `unavailable at most ${maxUnavailable}`,
    soakMs > 0 ? `soak ${spanInWords(soakMs)}` : "no soak",
  ].join(" · ");
}

/** What holds the whole stage up comes before what holds up some of its sites. */
function waitList(groups: readonly WaitGroup[]): Html | null {
  const waits = groups.toSorted((a, b) => Number(a.sites.length > 0) - Number(b.sites.length > 0));
  return waits.length === 0
    ? null
    : html`<ul class="waits">
        ${waits.map(waitHtml)}
      </ul>`;
}

function waitHtml(wait: WaitGroup): Html {
  return html`<li>${reason(wait)}</li>`;
}

function otherWait(wait: WaitGroup): Html {
  const { app, stage, release } = wait;
  const about = [stage === null ? "" : `stage ${stage}`, release ?? ""].filter(
    (word) => word !== "",
  );
  return html`<li>
    <b>${app}</b>${about.length > 0 && ` (${about.join(", ")})`}: ${reason(wait)}
  </li>`;
}

function reason({ sites, reason: why, endsWhen }: WaitGroup): Html {
  const where =
    sites.length === 0
      ? null
      : html` <span class="where"
          >${number(sites.length)} ${sites.length === 1 ? "site" : "sites"}:
          ${someOf(sites, maxNames)}</span
        >`;
  return html`<span class="why">${timed(sentence(why, sites))}</span>
    <span class="ends">ends when ${timed(endsWhen)}</span>${where}`;
}
