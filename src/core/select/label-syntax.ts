const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const nameRule =
  "letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63 characters";

/** Why Kubernetes would refuse a label key, in words that follow the key; undefined when it is valid. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split("/");
  if (parts.length > 2) return "has more than one `/`; a key is `name` or `prefix/name`";
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined && (prefix.length > 253 || !subdomainPattern.test(prefix))) {
    return "has a prefix that is no DNS name in lower case";
  }
  if (name.length > 63 || !namePattern.test(name)) return `is not a label key: ${nameRule}`;
  return undefined;
}

/** Why Kubernetes would refuse a label value, in words that follow the value; undefined when it is valid. */
export function labelValueProblem(value: string): string | undefined {
  if (value === "") return undefined;
  if (value.length > 63 || !namePattern.test(value)) return `is not a label value: ${nameRule}`;
  return undefined;
}
