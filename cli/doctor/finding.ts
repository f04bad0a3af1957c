/** What a check of `doctor` found. */
export interface Finding {
  check: string;
  /** `note`: it works without, or with less. */
  status: "ok" | "note" | "failed";
  detail: string;
  /** Absent where nothing is to be done. */
  what_to_do?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: "ok", detail });
export const note = (check: string, detail: string, whatToDo: string): Finding => ({ check, status: "note", detail, what_to_do: whatToDo });
export const failed = (check: string, detail: string, whatToDo: string): Finding => ({ check, status: "failed", detail, what_to_do: whatToDo });
