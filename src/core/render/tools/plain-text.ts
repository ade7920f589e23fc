/**
 * Which texts `tpl` may be given without a look at what comes of them: templates of which all that is called gives the same
 * each time, that define nothing, and that use `.` and `$` by themselves only to hand them to a template of the chart. It
 * tells what is allowed, so that what it does not know is not.
 */

const string = String.raw`(?:"(?:[^"\\\n]|\\.)*"|\x60[^\x60]*\x60)`;
const fields = String.raw`(?:\.\w+)*`;

const functions = [
  "if else end with range and or not eq ne lt le gt ge true false nil",
  "include template print default empty coalesce ternary required fail len index first last list dict get has hasKey",
  "quote squote trim trimAll trimPrefix trimSuffix trunc upper lower title replace repeat substr nospace indent nindent",
  "contains hasPrefix hasSuffix regexMatch regexReplaceAll join split splitList sortAlpha uniq compact concat append",
  "toString toJson toYaml fromJson fromYaml b64enc b64dec sha1sum sha256sum kindIs kindOf typeIs semverCompare",
  "int int64 float64 atoi add add1 sub mul div mod max min ceil floor round until",
].flatMap((line) => line.split(" "));

/** What stands between brackets, bars and such. */
const part = [
  string,
  String.raw`\d+(?:\.\d+)?`,
  String.raw`\$?\.(?:Values|Release|Template)${fields}`,
  String.raw`\$?\.Chart\.(?:Name|Version|AppVersion)`,
  String.raw`\$?\.Capabilities\.KubeVersion\.\w+`,
  String.raw`\$?\.Files\.\w+`,
  String.raw`\$\w+${fields}`,
  String.raw`(?:include|template)\s+${string}\s+[.$]`,
  String.raw`printf\s+"(?:[^"\\%\n]|%[sdvqt])*"`,
  ...functions,
].join("|");

const between = String.raw`[\s()|,:=-]`;
const action = String.raw`\{\{(?:${between}+(?:${part}))*${between}*\}\}`;
const comment = String.raw`\{\{ (?:-\s)?/\*(?:[^*]|\*+[^*/])*\*+/(?:\s-)?\}\}`;

/**
 * The source of a regular expression, for Go as well as for JavaScript, in which there is no backquote. It is for the text
 * with a space behind every `{{`, so that it stays short: Go reads it anew for every text.
 */
export const plainText = String.raw`^(?:[^{]|\{[^{]|${action}|${comment})*\{?$`;

const value = String.raw`(?:\$?\.(?:Values|Release)${fields}|include "[^"\\]*" [.$])`;

/** The same for the text itself, for the plainest of them: it is read four times as fast. */
export const plainestText = String.raw`^(?:[^{]|\{[^{]|\{\{-? *${value}(?: \| quote)? *-?\}\})*$`;
