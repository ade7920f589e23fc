/**
 * Whether two renderings of a request could differ. A name that is called has to stand in a template, but for `tpl`, which
 * calls what values say; so a chart that names none of these is the same each time, and once is enough.
 */
import type { SourceFile } from "../../model/fleet-model.ts";
import type { ToolRequest } from "./tool-requests.ts";

/** What Helm's templates have that gives another answer each time, or in another order. */
const varying =
  /\b(now|ago|rand[A-Z]\w*|shuffle|uuid\w*|gen[A-Z]\w*|bcrypt|htpasswd|encryptAES|keys|values|getHostByName|lookup|tpl)\b/;
const ofTime = /\b(now|ago|tpl)\b/;

/** The newest version whose functions were looked through, major and minor. */
const known = [4, 2] as const;

/** True where a second rendering may tell. kustomize has nothing of the kind: what runs programs is refused. */
export function mayVary({ tool, version, source }: ToolRequest): boolean {
  if (tool === "kustomize") return false;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewer = major > known[0] || (major === known[0] && minor > known[1]);
  return isNewer || source.files.some((file) => isTemplate(file) && varying.test(file.text));
}

/** True where it may tell only after a while. */
export function mayTellTime({ tool, source }: ToolRequest): boolean {
  return tool === "helm" && source.files.some((file) => isTemplate(file) && ofTime.test(file.text));
}

function isTemplate({ path, isBinary = false }: SourceFile): boolean {
  return !isBinary && `/${path}`.includes("/templates/");
}
