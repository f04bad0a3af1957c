#!/usr/bin/env node
// The program `actverse`, wherever it is called from: TypeScript is read as it is.
import { register } from "tsx/esm/api";

register();
await import("./main.ts");
