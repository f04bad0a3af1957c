/** Label Studio's own shapes, as its REST API and its webhooks send them; only what is read here. */

export interface Project {
  id: number;
  title: string;
  label_config: string;
  expert_instruction: string;
  model_version: string | null;
}

/** One entry of an annotation's `result`: a region, or what is said about a region or the whole image. */
export interface ResultItem {
  id?: string;
  type: string;
  from_name?: string;
  to_name?: string;
  parentID?: string;
  /** Of a relation. */
  from_id?: string;
  to_id?: string;
  original_width?: number;
  original_height?: number;
  image_rotation?: number;
  score?: number;
  origin?: string;
  /** Percent of the image's width and height. */
  value?: {
    x?: number;
    y?: number;
    width?: number;
    height?: number;
    rotation?: number;
    rectanglelabels?: string[];
    keypointlabels?: string[];
    choices?: string[];
    text?: string[] | string;
  };
}

export type User = number | { id: number; email?: string; username?: string } | null;

/** Enterprise alone has these. */
export interface Review {
  accepted?: boolean;
  created_by?: User;
  created_at?: string;
  comment?: string;
}

export interface Annotation {
  id: number;
  result?: ResultItem[];
  task?: number;
  completed_by?: User;
  updated_by?: User;
  was_cancelled?: boolean;
  updated_at?: string;
  created_username?: string;
  reviews?: Review[];
}

export interface Prediction {
  id: number;
  model_version: string | null;
  result: ResultItem[];
}

export interface Task {
  id: number;
  data: Record<string, unknown>;
  annotations: Annotation[];
  predictions: Prediction[];
}

export interface Hook {
  id: number;
  url: string;
  headers: Record<string, string>;
  is_active: boolean;
  send_payload: boolean;
  send_for_all_actions: boolean;
}
