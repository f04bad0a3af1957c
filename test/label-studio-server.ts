import { spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../scripts/child.ts";
import { freePort } from "../scripts/ports.ts";
import { readTools } from "../scripts/tools.ts";

const PASSWORD = "a-password-for-tests";
const OWNER = "owner@lab.example";
/** Half a minute where it has run before; the first time Python compiles it. */
const START_SECONDS = 240;

export interface LabelStudioServer {
  url: string;
  /** The owner's personal access token. */
  token: string;
  /** A person who labels: registered when first asked for, then logged in as in a browser. */
  person(email: string): Promise<Person>;
  stop(): Promise<void>;
}

export interface Person {
  email: string;
  password: string;
  /** Calls the REST API with this person's session; throws on anything but 2xx. */
  call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T>;
  /** What lies under that path. */
  text(path: string): Promise<string>;
}

/** The real Label Studio on a free port, with SQLite in a temporary folder, asking nothing of the internet. */
export async function startLabelStudio(): Promise<LabelStudioServer> {
  const command = readTools().label_studio;
  if (command === undefined || command === null) throw new Error("Label Studio is not installed: run `bash scripts/setup.sh --real`");
  const folder = await mkdtemp(join(tmpdir(), "actverse-label-studio-"));
  const logFile = join(folder, "label-studio.log");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(command, ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", String(port), "--username", OWNER, "--password", PASSWORD], {
    cwd: folder,
    env: {
      ...process.env,
      LABEL_STUDIO_BASE_DATA_DIR: join(folder, "data"),
      COLLECT_ANALYTICS: "False",
      LATEST_VERSION_CHECK: "false",
      SENTRY_DSN: "",
      FRONTEND_SENTRY_DSN: "",
      // Its webhooks go to this machine.
      SSRF_PROTECTION_ENABLED: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that nothing of it stays.
    detached: true,
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await until("Label Studio to answer", START_SECONDS, async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      return (await fetch(`${url}/health`)).ok;
    });
    const owner = await logIn(url, "login", OWNER);
    const { token } = await owner.call<{ token: string }>("POST", "/api/token/");
    const people = new Map<string, Promise<Person>>([[OWNER, Promise.resolve(owner)]]);
    return {
      url,
      token,
      person: (email) => {
        const known = people.get(email) ?? logIn(url, "signup", email);
        people.set(email, known);
        return known;
      },
      stop,
    };
  } catch (error) {
    const tail = readFileSync(logFile, "utf8").slice(-3000);
    await stop();
    throw new Error(`Label Studio does not start: ${String(error)}\n${tail}`, { cause: error });
  }
}

/** As a browser: a form with a token against forgery, then a session cookie. */
async function logIn(url: string, form: "login" | "signup", email: string): Promise<Person> {
  const cookies = new Map<string, string>();
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      redirect: "manual",
      headers: { ...(init.headers as Record<string, string> | undefined), cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "), referer: `${url}/`, "x-csrftoken": cookies.get("csrftoken") ?? "" },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
  await request(`/user/${form}/`, {});
  const fields = new URLSearchParams({ email, password: PASSWORD, csrfmiddlewaretoken: cookies.get("csrftoken") ?? "" });
  const answer = await request(`/user/${form}/`, { method: "POST", body: fields });
  if (answer.status !== 302) throw new Error(`${form} of ${email}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
  return {
    email,
    password: PASSWORD,
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const response = await request(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
      return (text === "" ? undefined : JSON.parse(text)) as T;
    },
    text: async (path) => await (await request(path, {})).text(),
  };
}
