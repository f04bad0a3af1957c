import { joinFiles, type JoinJob } from "../../activities/results/join-files.ts";

/** A process of its own, so that its memory is the joining's: the job on the command line, what it took as JSON on stdout. */
const job = JSON.parse(process.argv[2]!) as JoinJob;
const before = process.resourceUsage();
const result = await joinFiles(job, () => undefined);
const after = process.resourceUsage();
const seconds = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6;
// maxRSS is in kilobytes.
console.log(JSON.stringify({ ...result, seconds, startMb: before.maxRSS / 1024, peakMb: after.maxRSS / 1024 }));
