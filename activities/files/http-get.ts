import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { useAgent } from "request-filtering-agent";
import { InputError, messageOf } from "../../domain/errors.ts";

const MAX_REDIRECTS = 5;
/** Without a byte for so long, the attempt fails and the next one resumes. */
const SILENCE_MS = 60_000;

/** What a user's URL did wrong; never retried. */
export const urlError = (message: string, whatToDo: string, status: 400 | 403 | 404 = 400): InputError => new InputError({ field: "file_path", message, whatToDo, status });

/**
 * GET of a user's URL, redirects followed. The address is checked when the connection is made, on each redirect too: names that resolve
 * to private or reserved addresses are refused (SSRF), except for the hosts that are allowed by name.
 * Network failures are plain errors: trying again may help.
 */
export async function getUrl(options: { url: string; headers: Record<string, string>; allowedHosts: string[]; signal: AbortSignal }): Promise<IncomingMessage> {
  let url = parse(options.url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await request(url, options);
    const status = response.statusCode ?? 0;
    if (![301, 302, 303, 307, 308].includes(status)) return response;
    response.destroy();
    if (response.headers.location === undefined) throw urlError(`The server sent a redirect to nowhere (${status}).`, "Check the URL in a browser.");
    url = parse(response.headers.location, url);
  }
  throw urlError(`The URL redirects more than ${MAX_REDIRECTS} times.`, "Give the address of the file itself.");
}

function parse(text: string, base?: URL): URL {
  if (!URL.canParse(text, base)) throw urlError("The URL cannot be read.", "Give a whole http:// or https:// address.");
  const url = new URL(text, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw urlError(`Files cannot be fetched by ${url.protocol}//`, "Give an http:// or https:// address.");
  return url;
}

function request(url: URL, options: { headers: Record<string, string>; allowedHosts: string[]; signal: AbortSignal }): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const allowed = options.allowedHosts.some((name) => name.toLowerCase() === host);
  const get = url.protocol === "https:" ? httpsGet : httpGet;
  const agent = useAgent(url.href, { keepAlive: false, allowPrivateIPAddress: allowed });
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent, headers: options.headers, signal: options.signal, timeout: SILENCE_MS }, resolve);
    sent.on("timeout", () => sent.destroy(new Error(`${host} was silent for ${SILENCE_MS / 1000} s`)));
    sent.on("error", (error) => {
      const isPrivate = messageOf(error).includes("is not allowed. Because");
      reject(isPrivate ? urlError(`${host} is a private or reserved address.`, "Give a public address, copy the file to an allowed folder, or allow this host in the settings.", 403) : error);
    });
  });
}
