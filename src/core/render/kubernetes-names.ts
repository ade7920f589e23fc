/** Names and ports as every API server wants them; each problem is words that follow what the value is. */
import type { Json } from "../model/json.ts";
import { shortText } from "../model/short-text.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Whether it is a DNS label: what has part in the names of hosts. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && label.test(name);
}

/** Of a DNS label: containers, volumes, ports of Services. */
export function dnsLabelProblem(name: string): string | undefined {
  if (isDnsLabel(name)) return undefined;
  return `"${shortText(name)}" is none: lower case letters, digits and \`-\`, a letter or digit at both ends, at most 63`;
}

/** Whether it is a DNS subdomain, as most objects are called. */
export function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && subdomain.test(name);
}

/** Of the name of a container's port; a value that is no text is no matter of this. */
export function portNameProblem(name: Json | undefined): string | undefined {
  if (typeof name !== "string") return undefined;
  const isName =
    name.length <= 15 && label.test(name) && /[a-z]/.test(name) && !name.includes("--");
  if (isName) return undefined;
  return `"${shortText(name)}" is none: lower case letters, digits and single \`-\`, a letter among them, at most 15`;
}

/** Of a port's number; a value that is no number is no matter of this. */
export function portProblem(port: Json | undefined): string | undefined {
  if (typeof port !== "number" || (port >= 1 && port <= 65_535)) return undefined;
  return `must be from 1 to 65535, not ${port}`;
}
