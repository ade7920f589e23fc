import { FleetError } from "../core/errors.ts";
import type { FleetModel, Labels } from "../core/model/fleet-model.ts";
import { selectorMistakes } from "../core/model/check-selectors.ts";
import { labelKeyProblem, labelValueProblem } from "../core/select/label-syntax.ts";
import { matchesSelector, parseSelector, type Selector } from "../core/select/selector.ts";
import { folderOf, loadCheckout } from "./checkout.ts";
import type { CliIo, Command, CommandArgs, ExitCode } from "./command.ts";
import { formatData, formatTable, outputFormat, outputOption, textOption } from "./output.ts";

/** A site as this command prints it. */
interface ListedSite {
  readonly name: string;
  readonly region: string;
  readonly labels: Labels;
  readonly suspend: boolean;
}

/** `flotilla sites`. */
export const command: Command = {
  summary: "list the sites, or those that a selector matches",
  usage: `Usage: flotilla sites [DIR] [-l SELECTOR] [-o table|json|yaml]
       flotilla sites [DIR] -l SELECTOR --labels KEY=VALUE,...

Lists the sites of the fleet in DIR (default: the current folder), sorted by name. With --labels it tells instead
whether these labels match the selector; that reads no fleet. What a selector names that the Fleet's labels do not have,
and that no site matches, is told on stderr.

Options:
  -l, --selector     a label selector as in Kubernetes: 'country in (de,fr), tier=store, !legacy'
      --labels       labels to compare with the selector, instead of listing sites
  -o, --output       table (default), json or yaml

Exit codes: 0 listed, or the labels match; 1 the labels do not match; 2 the selector cannot be parsed (the message
says where), or the fleet cannot be read or is not valid.
`,
  options: {
    ...outputOption,
    selector: { type: "string", short: "l" },
    labels: { type: "string" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const text = textOption(args, "selector");
    const selector = text === undefined ? undefined : selectorOf(text);
    const labels = textOption(args, "labels");
    if (labels !== undefined) return compareLabels(labels, { selector, args, io });
    const model = await loadCheckout(folderOf(args, io), io);
    const sites = listSites(model, selector);
    if (text !== undefined) io.stderr(selectorLines(text, { model, matches: sites.length > 0 }));
    io.stdout(format === "table" ? siteTable(sites) : formatData(sites, format));
    return 0;
  },
};

interface Comparison {
  readonly selector: Selector | undefined;
  readonly args: CommandArgs;
  readonly io: CliIo;
}

function compareLabels(text: string, { selector, args, io }: Comparison): ExitCode {
  if (selector === undefined) {
    throw usage("--labels needs a selector to compare with", "add -l SELECTOR");
  }
  const format = outputFormat(args, ["table", "json", "yaml"], "table");
  const matches = matchesSelector(selector, labelsOf(text));
  if (format === "table") io.stdout(matches ? "matches\n" : "does not match\n");
  else io.stdout(formatData({ matches }, format));
  return matches ? 0 : 1;
}

function selectorOf(text: string): Selector {
  const parsed = parseSelector(text);
  if (parsed.ok) return parsed.selector;
  const message = `bad selector "${text}" at character ${parsed.offset + 1}: ${parsed.message}`;
  throw new FleetError("BAD_SELECTOR", message, { retry: "never" });
}

/** `k=v,k=v`; the empty text is no labels. */
function labelsOf(text: string): Labels {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = "", ...rest] = pair.trim().split("=");
      const value = rest.join("=");
      if (rest.length === 0) throw usage(`"${key}" is no label`, "write KEY=VALUE,KEY=VALUE");
      const keyProblem = labelKeyProblem(key);
      if (keyProblem !== undefined) throw usage(`"${key}" ${keyProblem}`);
      const valueProblem = labelValueProblem(value);
      if (valueProblem !== undefined) throw usage(`"${value}" ${valueProblem}`);
      return [key, value];
    }),
  );
}

/** What the Fleet's labels do not have of a selector, as `validate` tells it; else whether it matches nothing. */
function selectorLines(
  text: string,
  { model, matches }: { readonly model: FleetModel; readonly matches: boolean },
): string {
  const mistakes = text.trim() === "" ? [] : selectorMistakes(text, model.fleet.value.spec.labels);
  if (mistakes.length === 0) return matches ? "" : "flotilla: note: no site matches\n";
  return mistakes
    .map(({ finding: { message, hint } }) => [message, hint].filter(Boolean).join("; "))
    .map((told) => `flotilla: warning: ${told}\n`)
    .join("");
}

function listSites(model: FleetModel, selector: Selector | undefined): ListedSite[] {
  const sites = [...model.sites].map(([name, { value }]) => ({
    name,
    region: value.spec.region,
    labels: value.metadata.labels ?? {},
    suspend: value.spec.suspend ?? false,
  }));
  return sites
    .filter(({ labels }) => selector === undefined || matchesSelector(selector, labels))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function siteTable(sites: readonly ListedSite[]): string {
  return formatTable(
    ["SITE", "REGION", "LABELS"],
    sites.map(({ name, region, labels, suspend }) => [
      suspend ? `${name} (suspended)` : name,
      region,
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .toSorted()
        .join(","),
    ]),
  );
}

function usage(message: string, hint?: string): FleetError {
  return new FleetError("USAGE", message, {
    retry: "never",
    ...(hint === undefined ? {} : { hint }),
  });
}
