/**
 * Deliberate bugs: what a simulation is worth is what it catches. Each is a few words of the product's source that are
 * replaced while it is loaded; words that are not there (any more) are an error.
 */
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const handOver = "core/rollout/hand-over-blocks.ts";
const shares = "core/rollout/stage-shares.ts";
const gates = "core/rollout/gates.ts";

/** By name; the name says what the bug does. */
export const bugs: Readonly<Record<string, readonly Edit[]>> = {
  "in-flight budget ignored": [
    {
      file: shares,
      find: "usedByOthers(share.inFlight, site) >= share.stage.maxInFlight",
      replace: "usedByOthers(share.inFlight, site) < 0",
    },
    {
      file: shares,
      find: "share.inFlight.size >= share.stage.maxInFlight",
      replace: "run === null",
    },
  ],
  "unavailable budget ignored": [
    {
      file: shares,
      find: "usedByOthers(share.unavailable, site) >= share.stage.maxUnavailable",
      replace: "usedByOthers(share.unavailable, site) < 0",
    },
  ],
  "failure budget ignored": [
    {
      file: handOver,
      find: "goesBackTo(site) ? undefined : failedShare(run)",
      replace: "goesBackTo(site) ? undefined : undefined",
    },
  ],
  "holds ignored": [
    {
      file: gates,
      find: "hold === undefined ? null : heldBlock(hold)",
      replace: "hold === undefined ? null : null",
    },
    {
      file: handOver,
      find: "if (hold === undefined) continue;",
      replace: "if (hold !== null) continue;",
    },
  ],
  "deletions need no approval": [
    {
      file: gates,
      find: "if (areDeletionsApproved(release)) return null;",
      replace: "if (release.id !== '') return null;",
    },
  ],
  "stages need no approval": [
    {
      file: gates,
      find: "if (!stage.approval || isOpen || ",
      replace: "if (stage.name !== '' || isOpen || ",
    },
  ],
  "a later stage does not wait for an earlier one": [
    { file: "core/rollout/plan-unit.ts", find: "    break;", replace: "    void index;" },
  ],
  "soak ignored": [{ file: "core/rollout/soak.ts", find: "heardAt < at", replace: "heardAt < 0" }],
  "failure domain ignored": [
    {
      file: "core/rollout/failure-domains.ts",
      find: "others.some(mayHeal) ?",
      replace: "others.length < 0 ?",
    },
  ],
  "failure domains of labels taken for regions": [
    {
      file: "core/rollout/failure-domains.ts",
      find: "if (keys.length === 0) return",
      replace: "if (keys.length >= 0) return",
    },
  ],
  "what another app had comes along": [
    {
      file: "controller/earlier-trees.ts",
      find: "if (tree !== null) known.trees.add(tree);",
      replace: "for (const each of stay.apps.values()) each.trees.add(tree ?? '');",
    },
  ],
  "a site is forgotten before its apps have left": [
    {
      file: "core/rollout/leaving-sites.ts",
      find: "return Object.keys(own(input.mirrors, site) ?? {}).length === 0;",
      replace: "return site !== '';",
    },
  ],
  "every site that is removed loses its apps": [
    {
      file: "core/rollout/leaving-sites.ts",
      find: "if (facts.decommission !== true || headSites.has(site) || isKept(site)) continue;",
      replace: "if (headSites.has(site)) continue;",
    },
  ],
  "a site that is back in the fleet leaves it again by the word of before": [
    {
      file: "core/rollout/leaving-sites.ts",
      find: "if (assignment.leaving === undefined || facts === undefined || facts.leaves === true) continue;",
      replace: "if (assignment.leaving === undefined || facts !== undefined) continue;",
    },
  ],
  "a site leaves by the word of a control that was recovered": [
    {
      file: "core/rollout/leaving-sites.ts",
      find: "given.awaitsHead !== undefined || given.skipped",
      replace: "given.skipped",
    },
  ],
  "a site goes on leaving though it was back meanwhile, and was to be kept": [
    {
      file: "core/rollout/leaving-sites.ts",
      find: "leaves !== true || !isKept(site)",
      replace: "leaves !== true || !isKept(site) || site !== ''",
    },
  ],
  "an app goes on leaving though it was back meanwhile, and was to be kept": [
    {
      file: "core/rollout/start/start-removal.ts",
      find: "if (verb === before) continue;",
      replace: "if (verb === before || before !== verb) continue;",
    },
  ],
  "a stricter word passes by what is ordered to leave and has not left": [
    {
      file: "core/rollout/start/start-removal.ts",
      find: "!Object.hasOwn(release.left ?? {}, site) || treeAt(",
      replace: "treeAt(",
    },
  ],
  "a silent worker is handed over to": [
    {
      file: "core/rollout/site-blocks.ts",
      find: "if (view.silentSince !== null) return",
      replace: "if (view.site === '') return",
    },
  ],
  "a mirror that cannot be read is taken for an empty one": [
    {
      file: "controller/reconcile.ts",
      find: "snapshot: noSnapshot, isAwaited: true,",
      replace: "snapshot: noSnapshot, isAwaited: false,",
    },
  ],
  "a marker goes before its app has left": [
    {
      file: "core/rollout/leaving-markers.ts",
      find: "observed?.left === true &&",
      replace: "observed !== null &&",
    },
  ],
  "a release that has gone back is planned for ever": [
    {
      file: "core/rollout/rollback/stop-failed.ts",
      find: "if (releases.every(isGoing)) return;",
      replace: "if (releases.length === 0) return;",
    },
  ],
  "the controller never rests": [
    {
      file: "controller/loop.ts",
      find: "if (pass.hasWritten) return 0;",
      replace: "if (pass.hasWritten || pass.plan !== null) return 0;",
    },
  ],
  "a mirror commit does not name what it changes": [
    {
      file: "controller/mirror-commit.ts",
      find: "moved: movedBy(work)",
      replace: "moved: movedBy(work).slice(1)",
    },
  ],
  "an app leaves a mirror without a marker": [
    {
      file: "controller/mirror-commit.ts",
      find: 'if ("leaving" in set) leaveApp(draft, path, { app, set, sizeOf });',
      replace: 'if ("leaving" in set) clearApp(draft, site, app);',
    },
  ],
  "a prune takes what is wanted": [
    {
      file: "worker/reconcile-app.ts",
      find: 'desired: tree.ids, stays, verb: "delete"',
      replace: 'desired: new Set(), stays, verb: "delete"',
    },
  ],
  "a failed apply is not tried again": [
    {
      file: "worker/site-actor.ts",
      find: "if (wait < Infinity) this.#timer.schedule(`app/${app}`, wait);",
      replace: "if (next === 'soon') this.#timer.schedule(`app/${app}`, wait);",
    },
    {
      file: "worker/site-actor.ts",
      find: "this.#timer.schedule(key, noteFailed(this.#context, state, told));",
      replace: "noteFailed(this.#context, state, told);",
    },
  ],
  "a report of an unknown worker is taken without the rest": [
    {
      file: "controller/observations.ts",
      find: "return { resend: true, changed: false, completes: false };",
      replace: "return { resend: false, changed: false, completes: false };",
    },
  ],
  "a mirror is written before its worker was heard": [
    {
      file: "controller/reconcile.ts",
      find: "const isAwaited = workerHead === undefined;",
      replace: "const isAwaited = false;",
    },
  ],
  "windows do not come to the planner": [
    {
      file: "controller/planner-input.ts",
      find: "if (!isUnderWay) return own;",
      replace: "if (!isUnderWay) return { ...own, windows: [] };",
    },
    {
      file: "core/rollout/fleet-facts.ts",
      find: "const windows = [...(granted.windows ?? []), ...(fleetBudgets(head).windows ?? [])];",
      replace: "const windows = granted.windows ?? [];",
    },
  ],
  "the order between apps does not come to the planner": [
    {
      file: "controller/planner-input.ts",
      find: "dependsOn: dependencies(head.model),",
      replace: "dependsOn: {},",
    },
  ],
  "what leaves is deleted, whatever its app says": [
    {
      file: "controller/start-input.ts",
      find: 'said.length === 0 ? "hold" : strictest([...said, ...others]);',
      replace: 'said.length < 0 ? strictest([...said, ...others]) : "delete";',
    },
  ],
  "what commits say that no pass followed does not count": [
    {
      file: "controller/follow-head.ts",
      find: "const skipped = await wordsBetween(world, {\n    previous,",
      replace: "const skipped = await wordsBetween(world, {\n    previous: null,",
    },
  ],
  "a hold in Git does not hold": [
    {
      file: "controller/declared-decisions.ts",
      find: "if (hold !== undefined) {\n    const change",
      replace: "if (hold === null) {\n    const change",
    },
  ],
  "a prune does not wait until the app is well": [
    {
      file: "worker/reconcile-app.ts",
      find: "if (state.healthySince === null || tree.objects.some(",
      replace: "if (tree.objects.some(",
    },
  ],
  "what is to be kept is deleted": [
    {
      file: "worker/kept-in-prune.ts",
      find: "if (isKept(live) || wasKept(owned, live) || job.wereKept.has(id)) return true;",
      replace: "",
    },
    {
      file: "worker/kept-in-prune.ts",
      find: "if (holdsKept(job, id, progress)) return true;",
      replace: "",
    },
  ],
  "what is to be let go of is deleted": [
    {
      file: "worker/prune-objects.ts",
      find: 'if (job.verb === "orphan") {',
      replace: "if (job.verb === null) {",
    },
  ],
  "what cannot be changed is made anew by the word of the new version alone": [
    {
      file: "worker/make-anew.ts",
      find: "wasToBeMadeAnew(row.owned) &&",
      replace: "",
    },
    {
      file: "worker/make-anew.ts",
      find: "liveOwner(live) !== owner || !mayBeMadeAnew(live)",
      replace: "liveOwner(live) !== owner",
    },
    {
      file: "worker/make-anew.ts",
      find: 'if (work.row?.phase === "deleting") return true;',
      replace: "return true;",
    },
  ],
  "another cluster at the same address is written to": [
    {
      file: "worker/site-link.ts",
      find: "if (wanted !== undefined) throw changed(",
      replace: "if (wanted === null) throw changed(",
    },
  ],
  "a worker follows its mirror back": [
    {
      file: "worker/mirror-follower.ts",
      find: "await verify(head, previous);",
      replace: "await verify(head, null);",
    },
  ],
  "a worker measures times by the clock on its wall": [
    {
      file: "worker/worker-engine.ts",
      find: "const shared = { config, store, clock,",
      replace: "const shared = { config, store, clock: { ...clock, monotonic: () => clock.now() },",
    },
  ],
};

/** Makes the product have a bug: before any of it is loaded. */
export function plantBug(name: string): void {
  const edits = bugs[name];
  if (edits === undefined) {
    throw new Error(`there is no such bug; there are: ${Object.keys(bugs).join(", ")}`);
  }
  const source = join(import.meta.dirname, "..", "..", "src");
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const own = edits.filter(({ file }) => pathToFileURL(join(source, file)).href === url);
      if (own.length === 0) return loaded;
      const text = Buffer.from((loaded.source ?? "") as Uint8Array).toString("utf8");
      return { ...loaded, source: own.reduce(edit, text) };
    },
  });
}

function edit(text: string, { file, find, replace }: Edit): string {
  if (text.split(find).length !== 2) throw new Error(`${file} has not exactly one "${find}"`);
  return text.replace(find, () => replace);
}
