import { readCheckout } from "../adapters/git/read-checkout.ts";
import { renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import { FleetError } from "../core/errors.ts";
import type { KubeObject } from "../core/model/kube-object.ts";
import {
  type AccountObjects,
  type RightsSubject,
  guessedKinds,
  workerRights,
} from "../core/rbac/worker-rights.ts";
import { fleetDefinitions } from "../core/render/app-parts.ts";
import { builtInScope } from "../core/render/merge-schema.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { RenderedFiles } from "../core/render/render-files.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command, CommandArgs } from "./command.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { mustBe, tellInvalid } from "./render.ts";
import { renderTools } from "./render-tools.ts";

/** `flotilla rbac`. */
export const command: Command = {
  summary: "print the rights that a worker needs at a site",
  usage: `Usage: flotilla rbac [DIR] --site SITE [--revision REV] [-o yaml|json]
       flotilla rbac [DIR] --all [--revision REV] [-o yaml|json]

Prints Roles, a ClusterRole and bindings that let a worker apply what the fleet in DIR (default: the current folder)
gives a site, or any of its sites, and nothing else; and the namespaces that these lie in. Of an App with a
serviceAccountName the worker gets the right to read its objects and to act as that account, which gets the right to
write them. An administrator of the cluster applies them: flotilla rbac --site oslo | kubectl apply -f -

Options:
      --site              the site
      --all               one set of rights for all sites
      --user              the user whom the worker's kubeconfig names
      --service-account   NAMESPACE/NAME (default flotilla-system/flotilla-worker)
      --revision          a commit, branch or tag instead of the files as they lie there
  -o, --output            yaml (default; one document per object) or json (a List)

Exit codes: 0 printed; 1 the fleet is not valid; 2 there is no such site or revision, or the fleet cannot be read.
`,
  options: {
    ...outputOption,
    site: { type: "string" },
    all: { type: "boolean" },
    user: { type: "string" },
    "service-account": { type: "string" },
    revision: { type: "string" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["yaml", "json"], "yaml");
    const [site, subject] = [siteOf(args), subjectOf(args)];
    const revision = textOption(args, "revision");
    const files = await readCheckout(folderOf(args, io), { revision });
    const fleet = await renderFleetFiles(renderTools(io), files);
    if (!fleet.ok) return tellInvalid(fleet.diagnostics, format === "json" ? "json" : "table", io);
    io.stderr(diagnosticLines(fleet.diagnostics));
    if (site !== null) mustBe("site", site, fleet.model.sites);
    const { objects, written } = objectsAt(fleet, site);
    const { model, tools } = fleet;
    const definitions = fleetDefinitions({ model, siteModel: model, tools });
    const all = [...objects, ...written.flatMap((one) => one.objects)];
    for (const kind of guessedKinds(all, definitions, isBuiltIn)) {
      io.stderr(`the fleet does not define ${kind}: its plural is a guess\n`);
    }
    const rights = workerRights(objects, subject, { written, definitions });
    const list = { apiVersion: "v1", kind: "List", items: rights };
    io.stdout(
      format === "json"
        ? formatData(list, "json")
        : rights.map((one) => `---\n${formatData(one, "yaml")}`).join(""),
    );
    return 0;
  },
};

/** null: all of them. */
function siteOf(args: CommandArgs): string | null {
  const site = textOption(args, "site");
  if ((site !== undefined) === (args.values["all"] === true)) {
    throw usage("one of --site and --all must be there", "name a site, or ask for all of them");
  }
  return site ?? null;
}

function subjectOf(args: CommandArgs): RightsSubject {
  const user = textOption(args, "user");
  const account = textOption(args, "service-account");
  if (user !== undefined && account !== undefined) {
    throw usage("--user and --service-account exclude each other", "name one of them");
  }
  if (user !== undefined) return { user };
  const [namespace = "", name = "", ...more] = (account ?? defaultAccount).split("/");
  if (namespace === "" || name === "" || more.length > 0) {
    throw usage(`"${account}" is no service account`, "write NAMESPACE/NAME");
  }
  return { serviceAccount: { namespace, name } };
}

const defaultAccount = "flotilla-system/flotilla-worker";

/** What the worker writes as itself, and what as accounts. */
function objectsAt(
  { model, rendered }: Extract<RenderedFiles, { ok: true }>,
  site: string | null,
): { readonly objects: readonly KubeObject[]; readonly written: readonly AccountObjects[] } {
  /** By account (`namespace/name`, "" for none). */
  const trees = new Map<string, Set<TreeId>>();
  for (const { app, sites, movedTo } of rendered.apps.values()) {
    const { namespace, serviceAccountName: name } = model.apps.get(app)?.value.spec ?? {};
    for (const [at, tree] of sites) {
      if (site !== null && site !== at) continue;
      const account = name === undefined ? "" : `${movedTo.get(at) ?? namespace}/${name}`;
      trees.set(account, (trees.get(account) ?? new Set()).add(tree));
    }
  }
  const objectsOf = (account: string): readonly KubeObject[] =>
    [...(trees.get(account) ?? [])].flatMap((tree) =>
      (rendered.variants.get(tree)?.objects ?? []).map(({ object }) => object),
    );
  const accounts = [...trees.keys()].filter((account) => account !== "").toSorted();
  const written = accounts.map((account) => {
    const [namespace = "", name = ""] = account.split("/");
    return { account: { namespace, name }, objects: objectsOf(account) };
  });
  return { objects: objectsOf(""), written };
}

function isBuiltIn({ apiVersion, kind }: KubeObject): boolean {
  return builtInScope(apiVersion, kind) !== undefined;
}

function usage(message: string, hint: string): FleetError {
  return new FleetError("USAGE", message, { hint, retry: "never" });
}
