/** A token of selector text. `end` stands once, last, with the length of the text as its offset. */
export interface Token {
  readonly kind: "word" | "symbol" | "end";
  readonly text: string;
  /** 0-based, in UTF-16 units. */
  readonly offset: number;
}

const tokenPattern = /[ \t\r\n]+|(?<symbol>==|!=|[=!(),<>])|(?<word>[^ \t\r\n=!(),<>]+)/y;

/**
 * Takes selector text apart as Kubernetes does: words end at a blank or a symbol, `==` and `!=` are one symbol. Words
 * are checked later; every text can be taken apart.
 */
export function lexSelector(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const { symbol, word } = match.groups ?? {};
    if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, offset: match.index });
    if (word !== undefined) tokens.push({ kind: "word", text: word, offset: match.index });
  }
  return [...tokens, { kind: "end", text: "", offset: text.length }];
}
