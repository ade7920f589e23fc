/** What the reference page of a kind says beside its fields: the commands for working with it, and where its state is told. */
import type { KindName } from "../src/core/model/kinds.ts";

interface KindNotes {
  /** Command lines that work in a copy of fleet-repo-template, and what each is for. */
  readonly working: readonly (readonly [command: string, what: string])[];
  /** Behind the commands, with links from docs/reference/kinds/. */
  readonly more: string;
  /** Parts of `flotilla status -o json`, and what each tells. None: `noStatus` says why. */
  readonly status: readonly (readonly [path: string, what: string])[];
  readonly noStatus?: string;
}

const validate = ["flotilla validate", "every mistake, with file, line and column"] as const;
const plan = "flotilla plan --base main --head HEAD";

export const kindNotes: Readonly<Record<KindName, KindNotes>> = {
  Fleet: {
    working: [
      validate,
      [plan, "what a change of labels, budgets or tools starts, before it is merged"],
      ["flotilla vendor", "brings what `vendor` lists into `vendor/`"],
      ["flotilla rollout pause --fleet --why TEXT", "stops every release"],
      ["flotilla status", "where all of it stands"],
    ],
    more: "Budgets and defaults are read from the commit that is followed *before* the one that needs them: no commit grants itself what it needs ([releases](../../explanation/releases.md)). Charts and bases: [bring a chart](../../how-to/bring-a-chart.md), [bring a kustomization](../../how-to/bring-a-kustomization.md).",
    status: [
      ["fleet", "its name"],
      ["revision", "the commit that is followed"],
      ["refused", "a newer commit that is not followed, why, and its mistakes; null: none"],
      [
        "sites",
        "how many sites there are, are in sync, healthy, offline and suspended (`total`, `synced`, …)",
      ],
      ["holds", "what is on hold, by whom and why"],
      ["warnings", "what an operator should know"],
    ],
  },
  Region: {
    working: [
      validate,
      ["flotilla sites", "the sites of each region"],
      [plan, "what a change of it changes at its sites"],
      ["flotilla rollout pause --region nordics --why TEXT", "stops what goes there"],
      [
        "flotilla rollout excuse --region nordics --why TEXT",
        "goes on without it while its worker is silent",
      ],
    ],
    more: "A region has a mirror and a worker: its [config](../worker-config.md), its [rights](../../how-to/give-a-worker-its-rights.md).",
    status: [
      ["regions[].name", "the region"],
      ["regions[].sites", "how many sites it has"],
      [
        "regions[].worker",
        "`live` or `silent`: whether its worker reports; beside it `excused`, while somebody has said to go on without it",
      ],
      ["regions[].message", "what there is to know of the worker, and since when"],
    ],
  },
  Site: {
    working: [
      validate,
      ["flotilla sites -l country=no", "the sites that a selector matches"],
      ["flotilla render --site oslo", "every object that it gets"],
      [plan, "what a change of its labels or values brings and takes away"],
      [
        "flotilla explain oslo storefront --dir .",
        "why an app belongs there, or does not; without `--dir` the controller also tells what it waits for",
      ],
      ["flotilla diff oslo", "how its live objects differ from what they should be"],
      ["flotilla rollout excuse --site oslo --why TEXT", "goes on without it"],
      [
        "flotilla rollout excuse --site oslo --uid UID --why TEXT",
        "while it leaves the fleet: forgets it as it is; while it moves: its old worker is gone for good",
      ],
    ],
    more: "A new site gets the current releases by itself. With `suspend: true` nothing new is released to it. Removed from Git it is forgotten: what runs there stays. Where the commit before says `decommission: delete` (of it, or of its region), [its apps leave it first](../../how-to/take-a-site-out-of-the-fleet.md).",
    status: [
      ["siteList[].site", "the site"],
      ["siteList[].region", "its region"],
      ["siteList[].reachable", "whether its API server answers its worker"],
      ["siteList[].suspended", "whether `suspend` is true"],
      ["siteList[].leaving", "true while its apps leave it: the fleet has it no longer"],
      [
        "siteList[].apps[].sync",
        "of each app there: `Synced`, `OutOfSync` or `Unknown`; beside it `release` and `revision`",
      ],
      [
        "siteList[].apps[].health",
        "`Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`",
      ],
      ["siteList[].apps[].message", "what differs, or is wrong"],
    ],
  },
  VirtualSite: {
    working: [
      validate,
      [
        "flotilla sites -l 'country in (at, de)'",
        "the sites that a selector matches, before it is written",
      ],
      [
        "flotilla sites -l tier=store --labels tier=store,country=no",
        "whether labels match, without a fleet",
      ],
      [plan, "which sites get or lose an app by a changed selector"],
      ["flotilla explain berlin storefront --dir .", "which virtual sites place an app at a site"],
    ],
    more: "A selector that matches no site, or some only because they lack a label, is a warning ([diagnostics](../diagnostics.md)). A changed selector is a release like any other.",
    status: [],
    noStatus:
      "It has no state of its own: it is a name for sites. `flotilla sites` lists them, and `flotilla explain` names the virtual sites that place an app, with file and line.",
  },
  App: {
    working: [
      validate,
      [
        "flotilla render --site berlin --app storefront",
        "its objects at a site, as the cluster gets them",
      ],
      [plan, "what a change does, by site, in which stages"],
      [
        "flotilla rollout simulate --from-nothing",
        "how long it will take, and what it breaks if it is bad",
      ],
      [
        "flotilla explain berlin storefront --dir .",
        "why it belongs there, or does not; without `--dir` the controller also tells how it is",
      ],
      [
        "flotilla explain berlin storefront --object Deployment/storefront --field .spec.replicas",
        "where a field comes from, and what was overridden",
      ],
      ["flotilla history storefront", "its releases, and what became of each"],
      ["flotilla rollout rollback storefront --to RELEASE --why TEXT", "back to one of them"],
    ],
    more: "How to: [say what differs by site](../../how-to/say-what-differs-by-site.md), [bring a chart](../../how-to/bring-a-chart.md), [bring a kustomization](../../how-to/bring-a-kustomization.md), [leave fields to others](../../how-to/leave-fields-to-others.md), [keep secrets in Git](../../how-to/keep-secrets-in-git.md), [let an app act as an account of its own](../../how-to/give-a-worker-its-rights.md#let-an-app-act-as-an-account-of-its-own). An App that is removed from Git leaves its sites by a release, as `onRemoval` says.",
    status: [
      ["apps[].app", "the app"],
      ["apps[].sites", "at how many sites it is, and how many of them are `synced` and `healthy`"],
      ["apps[].release", "the release that is current; null: none was through yet"],
      [
        "releases[].state",
        "of each open release: `moving`, `soaking`, `waiting` (also for a promotion or a check once the soak is over), `held`, `failed`, `done`; its `stages` with their numbers",
      ],
      ["waits[].reason", "why something of it waits, and `endsWhen`: what would end that"],
      ["siteList[].apps[].health", "how it is at each site"],
    ],
  },
  RolloutStrategy: {
    working: [
      validate,
      [plan, "the stages of a change, with the numbers that percentages come to"],
      ["flotilla rollout simulate --from-nothing", "the stages in virtual time"],
      [
        "flotilla rollout approve storefront RELEASE --stage rest --why TEXT",
        "opens a stage that asks for it",
      ],
      ["flotilla rollout promote storefront --why TEXT", "goes on past what a stage waits for"],
    ],
    more: "All budgets are counted within one stage; what each means stands in [releases](../../explanation/releases.md). [Checks](../checks.md) hold a stage by conditions, [windows](maintenance-window.md) by the clock. Stages are frozen when a release starts; budgets are those of the newest commit that is followed, other than the one that started it. `flotilla plan` notes a strategy that changes, and the preview of pull requests too. So the first release of a new app goes by the strategy that the Fleet named before; the plan notes where the app's own is another.",
    status: [
      ["releases[].stages[].name", "the stages of each open release"],
      ["releases[].stages[].by", "how it takes its sites, in words: `10 % of 37 = 3`"],
      [
        "releases[].stages[].done",
        "sites that are done; beside it `inFlight`, `failed`, `unchanged`, `excused`, `waiting`",
      ],
      [
        "releases[].stages[].failureBudget",
        "how many may fail; beside it `maxInFlight` and `maxUnavailable`",
      ],
      ["releases[].stages[].passed", "whether it has passed"],
      ["waits[].code", "what a stage waits for: `soak`, `approval`, `failure-budget`, …"],
    ],
  },
  Profile: {
    working: [
      validate,
      ["flotilla render --site oslo", "what a site gets that takes it"],
      [plan, "what a change of it changes, at which sites"],
      [
        "flotilla explain oslo storefront --object Deployment/storefront",
        "where its fields come from; with `--field` one of them",
      ],
    ],
    more: "Sites take a profile by `profile`, Apps take another one for themselves; [say what differs by site](../../how-to/say-what-differs-by-site.md) tells the order in which all win.",
    status: [],
    noStatus:
      "A profile has no state of its own: what it changes at an app is released like any change of that app.",
  },
  MaintenanceWindow: {
    working: [
      validate,
      [
        "flotilla plan --base main --head HEAD --at 2026-12-24T10:00:00Z",
        "what would wait for a window if the commit were followed then",
      ],
      ["flotilla explain berlin storefront", "until when something waits: the controller tells"],
      [
        "flotilla rollout urgent storefront --why TEXT",
        "goes outside of windows, where the strategy allows it",
      ],
    ],
    more: "[Keep changes to quiet times](../../how-to/keep-changes-to-quiet-times.md) shows windows and freezes at work. Windows bound when hand-overs begin, not when they end. `flotilla plan` notes a window that changes, also by the selector of a VirtualSite that it names.",
    status: [
      ["waits[].code", "`window`: a window holds it"],
      ["waits[].endsWhen", "when the window opens, at which sites"],
    ],
  },
  Decision: {
    working: [
      validate,
      [plan, "what the decision says, when that counts, and what the same commit starts"],
      ["flotilla status", "what is on hold, and decisions that were refused"],
      ["flotilla rollout pause --app storefront --why TEXT", "the same without a commit"],
    ],
    more: "[Decide in Git](../../how-to/decide-in-git.md) tells what each does, when it counts, and for what it cannot speak.",
    status: [
      ["holds[].scope", "what a hold holds; `declared` names file and line of its Decision"],
      ["holds[].why", "its `why`, and `by`: the author of its commit"],
      ["warnings", "a decision that did not apply, with file, line and reason"],
    ],
  },
};
