import { common } from "./common.ts";
import { label } from "./label.ts";
import { pages } from "./pages.ts";
import { said } from "./said.ts";

/** The English texts: they say which keys and which {{values}} there are. `<b>` and `<kbd>` are drawn by `Rich`. */
export const en = { ...common, label, pages, said } as const;
