/** Longest text of a file with Flotilla's own kinds: 1 MiB, in UTF-16 units. */
export const maxFleetFileLength = 1024 * 1024;

/** Deepest nesting of maps and lists: far more than any real document has, far less than makes a reader overflow. */
export const maxDepth = 200;

/** What is told of anything deeper. */
export const tooDeepMessage = `nested deeper than ${maxDepth} levels`;
