/** Longest text of a file with Flotilla's own kinds: 1 MiB, in UTF-16 units. */
export const maxFleetFileLength = 1024 * 1024;

/** Deepest nesting of maps and lists: far more than any real document has, far less than makes a reader overflow. */
export const maxDepth = 200;

/** What is told of anything deeper. */
export const tooDeepMessage = `nested deeper than ${maxDepth} levels`;

/** Nodes that aliases may add to one document: enough for shared blocks, far below what a bomb needs. */
export const aliasBudget = 10_000;

/** Most documents of a file with Flotilla's own kinds, empty ones too: more than there are Sites in a file of that length. */
export const maxFleetDocuments = 20_000;
