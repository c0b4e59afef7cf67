/** Sizes that the map's layout and its drawing must agree on, px. */
/** Rows on a narrow screen want narrower nodes. */
export const NODE_WIDTH = { right: 158, down: 122 } as const;
export const NODE_HEIGHT = 58;
/** Text of an edge label is monospaced: width per character. */
export const LABEL_CHAR = 6.1;
export const LABEL_HEIGHT = 16;
