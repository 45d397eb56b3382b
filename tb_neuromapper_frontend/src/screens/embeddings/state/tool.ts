/** What dragging does in a plot. */
export const TOOLS = ["pan", "lasso", "box"] as const;
export type Tool = (typeof TOOLS)[number];
