/** What a YAML parser says of a mistake, without the text that it quotes: that may be a value of a Secret. */
export function syntaxMessage({ message }: { readonly message: string }): string {
  const text = message.replace(/: .*$/s, "").replace(/\.$/, "");
  return /^[A-Z]{2}/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}
