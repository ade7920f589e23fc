/** `GET /api/v1/explain`: why an app is, or is not, at a site. Pure. */
import { overlaysAt } from "../core/explain/overlays-at.ts";
import type { Located, FleetModel } from "../core/model/fleet-model.ts";
import type { App, VirtualSite } from "../core/model/kinds.ts";
import type { Explanation } from "../core/protocol/api.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState, MirrorEntry, Wait } from "../core/rollout/planner-types.ts";
import { urgencyInWords } from "../core/rollout/urgent.ts";
import { selectorText } from "../core/select/selector.ts";
import { sitesOfVirtualSite } from "../core/select/virtual-sites.ts";
import type { Observations } from "./observations.ts";
import { mayLack, type ReadState } from "./planner-input.ts";
import type { Pass } from "./reconcile.ts";
import { refusalInWords, refusedHead } from "./refused-head.ts";
import { appsAtSite, releasesAt, siteLink } from "./app-at-site.ts";
import { type Awaited, leavingLines, onTheWay } from "./site-on-the-way.ts";
import { toldWaits } from "./told-waits.ts";

export interface ExplainInput {
  readonly pass: Pass;
  readonly observations: Observations;
  readonly site: string;
  readonly app: string;
}

/** undefined: neither the followed head nor a mirror knows this site or app. */
export function explainView(input: ExplainInput): Explanation | undefined {
  const { pass, site, app } = input;
  const { read, control } = pass;
  if (read === null) return undefined;
  const { model, facts } = read.head;
  const declared = model.apps.get(app);
  const entry = own(own(read.standing, site), app);
  const isApp = declared !== undefined || own(control.state.apps, app) !== undefined;
  if (entry === undefined && !(isApp && facts.has(site))) return undefined;
  const because = declared === undefined ? [] : placements(model, declared, site);
  const placed = because.some(({ matches }) => matches);
  const way = wayOf(read, site, app);
  const waits = toldWaits(pass, input.observations).filter(
    (wait) => wait.app === app && concerns(control.state, wait, site),
  );
  return {
    site,
    app,
    answer:
      answer({ site, app, placed, isDeclared: declared !== undefined, way, entry, waits }) +
      urgency(control.state, site, app) +
      refusal(pass),
    placed,
    because: way.leaving ?? because.map(({ text }) => text),
    overlays: overlaysAt(model, app, site),
    release: releasesAt(pass)(site, app),
    tree: treeOf(entry),
    observed: observedAt(input),
    waits,
    refused: refusedHead(pass),
  };
}

interface Way {
  /** What there is to say of a site that leaves the fleet; undefined: it stays. */
  readonly leaving: readonly string[] | undefined;
  /** Whereto the app goes along with its site, which is in no mirror. */
  readonly goes: string | undefined;
}

function wayOf(read: ReadState, site: string, app: string): Way {
  const { control, head, standing } = read;
  const away = onTheWay(control.state, site, head.facts);
  const there = Object.keys({ ...away?.trees, ...own(standing, site) });
  return {
    leaving: leavingLines(control.state, site, {
      apps: there.toSorted(),
      awaits: awaitedOf(read, site),
    }),
    goes: own(away?.trees, app) === undefined ? undefined : away?.words,
  };
}

function awaitedOf({ mirrors, control }: ReadState, site: string): Awaited {
  const name = own(control.state.sites, site)?.mirror;
  const found = mirrors.find(({ mirror }) => mirror.name === name);
  if (found === undefined || !mayLack(found, control)) return null;
  if (found.mirror.unreadable !== null) return "mirror";
  return found.isBehindWorker ? "commit" : "report";
}

function refusal(pass: Pass): string {
  const words = refusalInWords(pass);
  return words === undefined ? "" : `; ${words}`;
}

/** That a release which is on its way to the site is urgent. */
function urgency({ apps }: ControlState, site: string, app: string): string {
  const words = (own(apps, app)?.open ?? []).flatMap(({ id, urgent, list, stages, passed }) => {
    const stage = stages[own(list, site)?.stage ?? -1];
    if (urgent === undefined || stage === undefined || Object.hasOwn(passed, stage.name)) return [];
    return `; ${id} is ${urgencyInWords(urgent)}`;
  });
  return words.join("");
}

function treeOf(entry: MirrorEntry | undefined): string | null {
  return entry !== undefined && "tree" in entry ? entry.tree : null;
}

/** What holds up a whole stage concerns the sites of that stage and of later ones, not those that have gone before. */
function concerns({ apps }: ControlState, wait: Wait, site: string): boolean {
  if (wait.site !== null) return wait.site === site;
  const release = own(apps, wait.app)?.open.find(({ id }) => id === wait.release);
  if (release === undefined) return true;
  const stage = own(release.list, site)?.stage;
  const held = release.stages.findIndex(({ name }) => name === wait.stage);
  return stage !== undefined && stage >= held;
}

interface Placement {
  readonly matches: boolean;
  readonly text: string;
}

function placements(model: FleetModel, app: Located<App>, site: string): Placement[] {
  return app.value.spec.placement.virtualSites.flatMap((name) => {
    const virtualSite = model.virtualSites.get(name);
    if (virtualSite === undefined) return [];
    const matches = sitesOfVirtualSite(model, name).includes(site);
    const verb = matches ? "holds" : "does not hold";
    return [{ matches, text: `virtual site ${name} ${verb} ${site}: ${selection(virtualSite)}` }];
  });
}

function selection(virtualSite: Located<VirtualSite>): string {
  const { selector } = virtualSite.value.spec;
  const { file, line } = virtualSite.at(["spec", selector === undefined ? "all" : "selector"]);
  const text = selector === undefined ? "all: true" : `selector \`${selectorText(selector)}\``;
  return `${text} (${file}:${line})`;
}

/** null: its worker has said nothing of it. */
function observedAt({ pass, observations, site, app }: ExplainInput): Explanation["observed"] {
  const mirror = own(pass.control.state.sites, site)?.mirror;
  if (pass.read === null || mirror === undefined) return null;
  const isHeard = observations.appReport(mirror, site, app) !== undefined;
  if (!isHeard && wayOf(pass.read, site, app).goes === undefined) return null;
  const at = appsAtSite(pass.read, observations, site).get(app);
  if (at === undefined) return null;
  const words = [siteLink(pass.read, observations, site).message, at.message];
  return { ...at, message: words.filter((part) => part !== "").join("; ") };
}

interface Answer {
  readonly site: string;
  readonly app: string;
  readonly placed: boolean;
  readonly isDeclared: boolean;
  readonly way: Way;
  readonly entry: MirrorEntry | undefined;
  readonly waits: readonly Wait[];
}

function answer(input: Answer): string {
  const { site, app, entry, way, waits } = input;
  const wait = waits.find((each) => each.site === site) ?? waits[0];
  const why = wait === undefined ? "" : `: ${wait.reason}`;
  if (entry !== undefined) return `${standingAnswer(input, entry)}${why}`;
  if (way.goes !== undefined)
    return `${app} stays as it is at ${site}, which goes ${way.goes}${why}`;
  return absentAnswer(input, why);
}

function absentAnswer({ site, app, placed, isDeclared, way }: Answer, why: string): string {
  if (way.leaving !== undefined) return `${app} is not at ${site}, which leaves the fleet`;
  if (placed) return `${app} is not at ${site} yet${why || ": it waits to be released"}`;
  if (!isDeclared) return `${app} is not at ${site}: the followed head has no such app`;
  return `${app} is not at ${site}: no virtual site of its placement holds the site`;
}

function standingAnswer(input: Answer, entry: MirrorEntry): string {
  const { site, app, placed, isDeclared, way } = input;
  const isLeaving = way.leaving !== undefined;
  const at = isLeaving ? `${site}, which leaves the fleet` : site;
  if ("leaving" in entry) return `${app} is leaving ${at} (${entry.leaving.verb})`;
  if (isLeaving) return `${app} is still at ${at}`;
  if (placed) return `${app} is at ${site}, as its virtual sites say`;
  const cause = isDeclared ? "no virtual site of it holds the site" : "the app is not in Git";
  return `${app} is still at ${site}, though ${cause}`;
}
