/** What the command line ends with. docs/cli.md has the same table; a test compares them. */
export const EXIT = { done: 0, unexpected: 1, usage: 2, refused: 3, notFound: 4, notAllowed: 5, unreachable: 6, parked: 7, cancelled: 8, failed: 9, unhealthy: 10, interrupted: 130 } as const;

export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  done: "done; of a command that waits: the task, or the single step, is completed",
  unexpected: "something unexpected, here or in the server (500)",
  usage: "the command is not understood, or what it names is not there on this machine",
  refused: "the API refuses: a setting is wrong, or it is not the time for it (400, 409, 413, 415, 416, 422)",
  notFound: "no such task, model or file (404)",
  notAllowed: "no valid API key, or not yours to do (401, 403)",
  unreachable: "the API cannot be reached, or is not able to answer now (429, 502, 503, 504)",
  parked: "the task is parked: a person must mend something",
  cancelled: "the task was cancelled",
  failed: "the task failed",
  unhealthy: "`doctor` found something to mend",
  interrupted: "interrupted by Ctrl-C; a task that was watched goes on",
};
