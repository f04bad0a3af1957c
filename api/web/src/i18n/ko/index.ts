import type { Translation } from "../translation.ts";
import type { en } from "../en/index.ts";
import { common } from "./common.ts";
import { label } from "./label.ts";
import { pages } from "./pages.ts";
import { said } from "./said.ts";

/**
 * Korean: short and nominal, as in the tools that its readers know. A name or a number never stands before a particle that depends on its last sound.
 * 개체 animal, 검수 review, 승인 approve, 반려 send back, 사전 라벨 pre-label, 보임/가려짐/없음 visible/occluded/absent.
 */
export const ko: Translation<typeof en> = { ...common, label, pages, said };
