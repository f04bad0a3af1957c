import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId } from "../domain/ids.ts";
import type { Policy } from "./plugins/auth.ts";
import { send } from "./lab.test-suite.ts";
import { signed, startWorld, USERS, WEBHOOK_SECRET, type Standing, type User, type World } from "./world.test-suite.ts";

/** Who may call what: every route that the app has, with two users, a labeler, an admin and nobody, on real tasks. A route without a row here fails. */

interface Ids {
  /** A task of ada's in the row's standing. */
  id: string;
  /** A completed one, and what was made of it. */
  completed: string;
  deployment: string;
  caller: User;
}

interface Row {
  policy: Policy;
  /** What comes for: bob (a stranger), lea (may label it), ada (its owner), root (an admin). */
  statuses: [bob: number, lea: number, ada: number, root: number];
  /** Only where anybody may call; else it is 401. */
  anonymous?: number;
  /** Where the task stands; default: waiting for labels. */
  standing?: Standing;
  /** The call changes where the task stands: everyone for whom it works gets a task of their own. */
  fresh?: boolean;
  body?: (ids: Ids) => object;
  /** Default: the id of the task in place of :task_id. */
  url?: (ids: Ids) => string;
}

const user = (statuses: Row["statuses"], more: Omit<Row, "policy" | "statuses"> = {}): Row => ({ policy: "user", statuses, ...more });
const anybody = (status: number, more: Partial<Row> = {}): Row => ({ policy: "public", statuses: [status, status, status, status], anonymous: status, ...more });
/** The owner and admins; a labeler sees as little as a stranger. */
const OWNERS = (status: number): Row["statuses"] => [404, 404, status, status];
/** Those who may label, too. */
const LABELERS = (status: number): Row["statuses"] => [404, status, status, status];
const EVERYBODY = (status: number): Row["statuses"] => [status, status, status, status];

const frameOf = { lea: 0, ada: 10, root: 20, bob: 0 };
const model = (url: string) => ({ id, completed }: Ids) => url.replace("NAME", id === UNKNOWN ? UNKNOWN : completed);
const UNKNOWN = makeId(0);

const ROWS: Record<string, Row> = {
  "GET /health": anybody(200),
  "GET /session": anybody(200, { anonymous: 401 }),
  "POST /session": anybody(200, { body: () => ({ api_key: world.tokens.ada }) }),
  "DELETE /session": anybody(204),
  // No identity provider is set up here: oidc.test.ts.
  "GET /session/oidc": anybody(404),
  "GET /session/oidc/callback": anybody(404),

  "POST /tasks/": user(EVERYBODY(201), { body: ({ caller }) => ({ ...world.lab.body, user_id: caller }) }),
  "GET /tasks/": user(EVERYBODY(200)),
  "GET /status/:task_id": user(LABELERS(200)),
  // Of a task that has ended: the stream ends too.
  "GET /tasks/:task_id/events": user(LABELERS(200), { standing: "completed" }),
  "POST /tasks/:task_id/retry": user(OWNERS(202), { standing: "parked", fresh: true, body: () => ({ step: "preinference", settings: { num_animals: 2 } }) }),
  "POST /tasks/:task_id/cancel": user(OWNERS(202), { fresh: true }),
  "DELETE /tasks/:task_id": user(OWNERS(200), { standing: "completed", fresh: true }),
  "GET /tasks/:task_id/timeline": user(OWNERS(200)),
  "GET /tasks/:task_id/requests": user(OWNERS(200)),
  "GET /tasks/:task_id/results": user(OWNERS(200), { standing: "completed" }),
  "GET /tasks/:task_id/results/rows": user(OWNERS(200), { standing: "completed" }),
  "GET /tasks/:task_id/results/:name": user(OWNERS(200), { standing: "completed", url: ({ id }) => `/tasks/${id}/results/result.json` }),

  "POST /video/download": user(EVERYBODY(202), { body: () => ({ file_path: world.lab.video, download_path: world.folder }) }),
  "POST /video/extract-frames": user(EVERYBODY(202), { body: () => ({ file_path: world.lab.video, num_frames: 2 }) }),
  "POST /video/upload": user(OWNERS(202), { standing: "completed", body: ({ id }) => ({ file_path: `inference_results/${id}/tracks.csv`, upload_path: world.folder }) }),

  // For whom frames can be seen, but not in another's name.
  "POST /labeling": user([404, 404, 202, 202], { body: ({ id, caller }) => ({ folder_path: `frames/${id}/`, task_id: id, user_id: caller }) }),
  "GET /labeling/:task_id": user(LABELERS(200)),
  "GET /labeling/:task_id/frames": user(LABELERS(200)),
  "GET /labeling/:task_id/frames/:frame": user(LABELERS(200), { url: ({ id }) => `/labeling/${id}/frames/0` }),
  "PUT /labeling/:task_id/frames/:frame": user(LABELERS(200), { url: ({ id, caller }) => `/labeling/${id}/frames/${frameOf[caller]}`, body: () => ({ version: 0, reviewed: false, objects: [] }) }),
  "GET /labeling/:task_id/frames/:frame/image": user(LABELERS(200), { url: ({ id }) => `/labeling/${id}/frames/0/image?width=64` }),
  "PUT /labeling/:task_id/presence": user(LABELERS(200), { body: () => ({ client: "a", frame: 0 }) }),
  "POST /labeling/:task_id/approve": user(LABELERS(202), { standing: "reviewed", fresh: true, body: () => ({}) }),
  "POST /labeling/:task_id/reject": user(LABELERS(202), { standing: "reviewed", body: () => ({ comments: [{ frame: 0, comment: "the tail" }] }) }),
  "POST /labeling/:task_id/sync": user(LABELERS(202), { standing: "in CVAT" }),
  "POST /labeling/:task_id/rounds": user(OWNERS(201), { standing: "completed", fresh: true }),

  "POST /training": user(OWNERS(202), { standing: "completed", url: () => "/training", body: ({ id }) => ({ data_path: id }) }),
  "GET /training/:task_id": user(OWNERS(200), { standing: "completed" }),
  "GET /training/:task_id/report": user(OWNERS(200), { standing: "completed" }),
  "POST /deployments": user(OWNERS(202), { standing: "completed", body: ({ id }) => ({ task_id: id, model_path: `train_log/${id}/model.onnx` }) }),
  "GET /deployments/:deployment_id": user(OWNERS(200), { url: ({ id, deployment }) => `/deployments/${id === UNKNOWN ? UNKNOWN : deployment}` }),
  "GET /models": user(EVERYBODY(200)),
  "POST /models": user(OWNERS(202), { standing: "completed", body: ({ id, caller }) => ({ file_path: `train_log/${id}/model.onnx`, name: `of-${caller}` }) }),
  "GET /models/:name": user(OWNERS(200), { url: model("/models/NAME") }),
  "POST /models/:name/promote": user(OWNERS(202), { url: model("/models/NAME/promote"), body: ({ caller }) => ({ to: `by-${caller}` }) }),
  "POST /models/:name/rollback": user(OWNERS(202), { url: model("/models/NAME/rollback"), body: () => ({ version: 1 }) }),
  "POST /models/:name/inference": user(OWNERS(202), { url: model("/models/NAME/inference"), body: () => ({ data_path: world.lab.video }) }),

  "POST /webhooks/label-studio/:task_id": { policy: "signed", statuses: EVERYBODY(401), body: () => ({ action: "PING" }) },
  "POST /webhooks/cvat": { policy: "signed", statuses: EVERYBODY(401), body: () => ({ event: "ping" }) },

  "GET /": anybody(200),
  "GET /task/:task_id": anybody(200),
  "GET /label/:task_id": anybody(200),
  "GET /model": anybody(200),
  "GET /index.html": anybody(200),
  "GET /assets/app-1a2b.js": anybody(200),
  "GET /openapi.json": user(EVERYBODY(200)),
  "GET /docs": user(EVERYBODY(200)),
  "GET /docs/json": user(EVERYBODY(200)),
  "GET /docs/yaml": user(EVERYBODY(200)),
  "GET /docs/static/index.html": user(EVERYBODY(302)),
  "GET /docs/static/swagger-initializer.js": user(EVERYBODY(200)),
  "GET /docs/static/*": user(EVERYBODY(200), { url: () => "/docs/static/swagger-ui.css" }),
};

let world: World;
const spare: Record<string, Partial<Record<User, string>>> = {};
const tasks = {} as Record<Standing, string>;
let deployment: string | undefined;

beforeAll(async () => {
  world = await startWorld();
  const wanted = Object.entries(ROWS).flatMap(([name, { fresh, statuses, standing = "waiting" }]) => (fresh === true ? USERS_IN_ORDER.filter((_, i) => statuses[i]! < 300).map((caller) => ({ name, caller, standing })) : []));
  const shared = [...new Set(Object.values(ROWS).map(({ standing = "waiting" }) => standing))];
  await Promise.all([
    ...shared.map(async (standing) => (tasks[standing] = await world.task(standing))),
    ...wanted.map(async ({ name, caller, standing }) => ((spare[name] ??= {})[caller] = await world.task(standing))),
  ]);
  const { body, text } = await send(world.app, "POST", "/deployments", { headers: { ...world.as("ada"), prefer: "wait=60" }, body: { task_id: tasks.completed, model_path: `train_log/${tasks.completed}/model.onnx` } });
  deployment = body["run_id"] as string | undefined;
  if (deployment === undefined) throw new Error(text);
}, 300_000);
afterAll(() => world.stop());

const USERS_IN_ORDER: User[] = ["bob", "lea", "ada", "root"];

const declared = () =>
  world.app.declaredRoutes.flatMap(({ method, url, config }) => [method].flat().map((one) => ({ name: `${one} ${url}`, method: one, url, policy: config?.policy })));
/** What Fastify adds to each GET, and swagger-ui with a slash at its end. */
const isTwin = ({ method, url }: { method: string; url: string }) => method === "HEAD" || url === "/docs/";

function call(name: string, caller: User | null, { id, headers }: { id?: string; headers?: Record<string, string> } = {}) {
  const row = ROWS[name]!;
  const [method = "", address = ""] = name.split(" ");
  const ids: Ids = { id: id ?? (caller === null ? undefined : spare[name]?.[caller]) ?? tasks[row.standing ?? "waiting"], completed: tasks.completed, deployment: deployment!, caller: caller ?? "bob" };
  const url = row.url?.(ids) ?? address.replace(":task_id", ids.id);
  return send(world.app, method as "GET", url, { headers: { ...(caller === null ? {} : world.as(caller)), ...headers }, ...(row.body === undefined ? {} : { body: row.body(ids) }) });
}

describe("the matrix", () => {
  it("has a row for every route, and no other rows", () => {
    const names = new Set(declared().filter((route) => !isTwin(route)).map(({ name }) => name));
    expect([...names].filter((name) => ROWS[name] === undefined)).toEqual([]);
    expect(Object.keys(ROWS).filter((name) => !names.has(name))).toEqual([]);
  });

  it("says who may call, as the route itself does", () => {
    for (const route of declared()) {
      const row = ROWS[isTwin(route) ? `GET ${route.url.replace(/^\/docs\/$/, "/docs")}` : route.name];
      expect(row?.policy, route.name).toBe(route.policy);
    }
  });
});

describe.each(Object.keys(ROWS))("%s", (name) => {
  const row = ROWS[name]!;

  it("anonymous", async () => {
    const expected = row.policy === "public" ? row.anonymous : 401;
    expect((await call(name, null)).status).toBe(expected);
    if (row.policy !== "user") return;
    const right = world.tokens.ada;
    for (const authorization of ["", "Bearer", "Bearer ", "Basic YTpi", `Bearer ${right}x`, `Bearer ${right.slice(0, -1)}`, right, `Bearer ${right} ${right}`]) expect((await call(name, null, { headers: { authorization } })).status, authorization).toBe(401);
    expect((await call(name, null, { headers: { cookie: "actverse_session=a.9999999999.b.c" } })).status).toBe(401);
    if (!name.startsWith("GET")) return;
    const [, url = ""] = name.split(" ");
    expect((await world.app.inject({ method: "HEAD", url: url.replace(/:\w+|\*/, tasks.waiting).replaceAll(/:\w+/g, "0") })).statusCode, "HEAD").toBe(401);
  });

  it.each(USERS_IN_ORDER.map((caller, i) => ({ caller, status: row.statuses[i]! })))("$caller: $status", async ({ caller, status }) => {
    const answer = await call(name, caller);
    expect(answer.status, answer.text).toBe(status);
    if (caller !== "bob") return;
    // What a stranger gets, if anything, tells nothing of ada's tasks; and a task of hers is as unknown as one that never was.
    const hers = [...Object.values(tasks), ...Object.values(spare).flatMap((each) => Object.values(each))];
    expect(status < 300 ? hers.filter((id) => answer.text.includes(id)) : []).toEqual([]);
    if (status !== 404) return;
    const unknown = await call(name, caller, { id: UNKNOWN });
    const neutral = (text: string): string => [...hers, deployment!].reduce((left, id) => left.replaceAll(id, UNKNOWN), text);
    expect(unknown.status).toBe(404);
    expect(neutral(answer.text)).toBe(unknown.text);
  });
});

it("a webhook is let in by its signature alone", async () => {
  const body = JSON.stringify({ event: "ping", webhook: { id: 1, description: "" } });
  const json = { "content-type": "application/json" };
  const cvat = async (headers: Record<string, string>) => (await world.app.inject({ method: "POST", url: `/webhooks/cvat`, payload: body, headers: { ...json, ...headers } })).statusCode;
  // It is genuine, and about no task of ours.
  expect(await cvat(signed(body))).toBe(404);
  expect(await cvat({ ...signed(`${body} `), ...world.as("root") })).toBe(401);
  const labelStudio = async (secret: string) => (await world.app.inject({ method: "POST", url: `/webhooks/label-studio/${tasks.waiting}`, payload: JSON.stringify({ action: "PING" }), headers: { ...json, "x-actverse-secret": secret } })).statusCode;
  expect([await labelStudio(WEBHOOK_SECRET), await labelStudio(world.tokens.root)]).toEqual([200, 401]);
});

it("every user of the world is in the matrix", () => {
  expect(USERS_IN_ORDER.toSorted()).toEqual([...USERS].toSorted());
});
