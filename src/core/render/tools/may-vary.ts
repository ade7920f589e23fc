/**
 * Whether two renderings of a request could differ. A name that is called has to stand in a template, but for `tpl`, which
 * calls what values say; so a chart that names none of these, and prints no address, is the same each time, and once is
 * enough. `lookup` is none of them: without a cluster it always finds nothing.
 */
import { keptFor } from "../../model/known-fleet.ts";
import type { SourceFile } from "../../model/fleet-model.ts";
import { calledNames } from "./called-names.ts";
import { printsPointers } from "./printed-pointers.ts";
import type { ToolRequest } from "./tool-requests.ts";

/** What asks for the time; dates are made of it where they are given none, and shown in the zone of the machine. */
const ofTime =
  /\b(now|ago|tpl|date|dateInZone|date_in_zone|htmlDate|htmlDateInZone|durationRound)\b/;
/** What else of Helm's templates gives another answer each time, or in another order. */
const varying =
  /\b(rand[A-Z]\w*|shuffle|uuid\w*|gen[A-Z]\w*|bcrypt|htpasswd|encryptAES|keys|values|getHostByName)\b/;

/** What of it may give the same twice by chance. */
const byChance = /\b(rand[A-Z]\w*|shuffle|keys|values)\b/;

/** The newest version whose functions were looked through, major and minor. */
const known = [4, 2] as const;

/** True where a second rendering may tell. kustomize has nothing of the kind: what runs programs is refused. */
export function mayVary(request: ToolRequest): boolean {
  const { tool, source } = request;
  if (tool === "kustomize") return false;
  return !variesByCallsAlone(request) || names(source, varying) || names(source, ofTime);
}

/** True where the result can be another one only by a call of what `isVarying` tells. */
export function variesByCallsAlone({ version, source }: ToolRequest): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewer = major > known[0] || (major === known[0] && minor > known[1]);
  return !isNewer && !printsIn(source);
}

/** True for the name of a function that may give another result each time. */
export function isVarying(name: string): boolean {
  return varying.test(name) || ofTime.test(name);
}

const printsIn = keptFor(({ files }: ToolRequest["source"]) =>
  printsPointers(files.filter(isTemplate).map(({ text }) => text)),
);

/** True where it may tell only after a while. */
export function mayTellTime({ tool, source }: ToolRequest): boolean {
  return tool === "helm" && names(source, ofTime);
}

/** True where two renderings may be the same by chance. */
export function mayMatchByChance({ tool, source }: ToolRequest): boolean {
  return tool === "helm" && names(source, byChance);
}

/** Also in files that are no UTF-8: to Helm they are templates. */
function names({ files }: ToolRequest["source"], functions: RegExp): boolean {
  return files.some((file) => isTemplate(file) && functions.test(namesIn(file)));
}

function isTemplate({ path }: SourceFile): boolean {
  return `/${path}`.includes("/templates/");
}

const namesIn = keptFor(({ text }: SourceFile) => calledNames(text));
