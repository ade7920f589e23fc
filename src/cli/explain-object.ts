import { readCheckout } from "../adapters/git/read-checkout.ts";
import { renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import { FleetError } from "../core/errors.ts";
import {
  explainObject,
  type FieldStory,
  type ObjectAnswer,
  type ObjectQuestion,
} from "../core/explain/explain-object.ts";
import type { FieldSetting } from "../core/explain/field-setting.ts";
import type { Place } from "../core/model/fleet-model.ts";
import { closestName } from "../core/model/closest-name.ts";
import type { CliIo, ExitCode } from "./command.ts";
import { known } from "./explain-checkout.ts";
import { formatData, formatTable, type OutputFormat } from "./output.ts";
import { tellInvalid } from "./render.ts";
import { renderTools } from "./render-tools.ts";

/** Prints where the fields of an object come from, by a checkout. Throws NOT_FOUND for what is not there. */
export async function explainObjectIn(
  dir: string,
  question: ObjectQuestion,
  { format, io }: { format: OutputFormat; io: CliIo },
): Promise<ExitCode> {
  const fleet = await renderFleetFiles(renderTools(io), await readCheckout(dir));
  if (!fleet.ok) {
    tellInvalid(fleet.diagnostics, format, io);
    return 2;
  }
  known("Site", question.site, fleet.model.sites);
  known("App", question.app, fleet.model.apps);
  const answer = explainObject(fleet, question);
  if (!answer.ok && answer.missing !== "field") {
    io.stderr(`${missingText(question, answer)}\n`);
    return answer.missing === "choice" ? 2 : 1;
  }
  if (!answer.ok) throw noField(question, answer.known);
  const { object, fields } = answer;
  if (format === "table") io.stdout(storyText(question, object, fields));
  else io.stdout(formatData({ site: question.site, app: question.app, object, fields }, format));
  return 0;
}

function missingText(
  { app, site, object }: ObjectQuestion,
  answer: Extract<ObjectAnswer, { ok: false }>,
): string {
  if (answer.missing === "app") return `app ${app} does not belong at ${site}, by this checkout`;
  if (answer.missing === "choice") {
    return `app ${app} has several objects ${object} at ${site}; name one of ${answer.known.join(", ")}`;
  }
  if (answer.removedBy !== undefined) {
    const { by, place } = answer.removedBy;
    return `app ${app} has no object ${object} at ${site}; ${by} takes it away (${pointText(place)})`;
  }
  const withoutNamespaces = answer.known.map((name) => name.replace(/\/.*\//, "/"));
  const near = closestName(object, answer.known) ?? closestName(object, withoutNamespaces);
  const hint = near === undefined ? `it has ${answer.known.join(", ")}` : `did you mean ${near}?`;
  return `app ${app} has no object ${object} at ${site}; ${hint}`;
}

function noField({ object, field = "" }: ObjectQuestion, fields: readonly string[]): FleetError {
  const near = closestName(field, fields);
  const hint = near === undefined ? "without --field, all are listed" : `did you mean ${near}?`;
  return new FleetError("NOT_FOUND", `${object} has no field ${field}`, { hint, retry: "never" });
}

function storyText(
  { site }: ObjectQuestion,
  object: string,
  fields: readonly FieldStory[],
): string {
  const rows = fields.flatMap(({ field, settings }) =>
    settings.map((setting, index) => [
      index === 0 ? field : "",
      settingText(setting),
      placeText(setting),
      `${setting.by}${index === 0 ? "" : " (overridden)"}`,
      becauseText(setting),
    ]),
  );
  const headings = ["FIELD", "VALUE", "PLACE", "SET BY", "FROM"];
  return `${object} at ${site}\n\n${formatTable(headings, rows)}`;
}

function settingText({ value, isRemoved }: FieldSetting): string {
  return isRemoved ? "(taken away)" : shown(value);
}

function placeText({ place }: FieldSetting): string {
  return place === null ? "-" : pointText(place);
}

function pointText({ file, line, column }: Place): string {
  // Of what a tool made, the file is all that is known.
  return line === 0 ? file : `${file}:${line}:${column}`;
}

function becauseText({ expression, reads }: FieldSetting): string {
  if (expression === null) return "";
  const facts = reads.map(({ name, place, overridden }) => {
    const over = overridden.map(
      (other) => `, over ${shown(other.value)} (${pointText(other.place)})`,
    );
    return `${name} (${pointText(place)})${over.join("")}`;
  });
  return [shown(expression), ...facts].join(", ");
}

/** On one line, and not too long for a table. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
