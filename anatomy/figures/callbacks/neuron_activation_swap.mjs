import { bar_rows } from "./shared/bar_rows.mjs";

export const show = ({ losses, words }) => ({ bars: bar_rows(losses, words), say: words.join(", ") });
